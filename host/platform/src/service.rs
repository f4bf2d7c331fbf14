//! What a POD service is to us: a row of the catalogue, and a request type made from its WIT
//! function.

use std::any::Any;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    types::InvalidArgument,
    wire::form::{Fields, Form},
};

/// One POD service: what its WIT function cannot say.
#[derive(Debug)]
pub struct Row {
    /// POD's own name, for example `payInvoiceByInvoice`.
    pub name: &'static str,
    /// Its number for `doServiceCall`.
    pub product: Product,
    /// Does a call need a one-time token?
    pub needs_ott: bool,
    /// What it does to the world.
    pub effect: Effect,
    /// What is checked before anything is sent, beyond the fields' types.
    pub rules: &'static [Rule],
}

/// A service's `scProductId`, which differs between POD's two installations.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Product {
    /// On `api.pod.ir`.
    pub production: u32,
    /// On POD's own sandbox.
    pub sandbox: u32,
}

/// What a service does to the world.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Nothing: it may be called again at will.
    Read,
    /// It changes something, and how a doubt about it is settled.
    Mutation {
        /// How a doubt is settled.
        class: EffectClass,
        /// Which rials are at stake.
        stakes: Stakes,
    },
}

/// How to settle a doubt whether a call took effect.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EffectClass {
    /// POD refuses the repeat, so a repeat cannot do it twice.
    SelfFencing,
    /// The call carries a mark of ours, by which its effect is found again.
    MarkedByUs,
}

impl EffectClass {
    /// The name in journals and documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SelfFencing => "self-fencing",
            Self::MarkedByUs => "marked-by-us",
        }
    }
}

/// Which rials a call puts at stake, and where the host reads how many.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stakes {
    /// None.
    Nothing,
    /// The payable amount of the invoice that this field names.
    PayableAmountOf(&'static str),
}

/// A check on a request as a whole.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// Exactly one of these fields is given.
    ExactlyOne(&'static [&'static str]),
    /// These lists are as long as one another, and not empty.
    SameLength(&'static [&'static str]),
    /// Each number of this field is at least so much.
    AtLeast(&'static str, u64),
    /// The number of this field lies between these two.
    Between(&'static str, f64, f64),
}

impl Rule {
    fn check(self, form: &Form) -> Result<(), InvalidArgument> {
        let refuse = |field: &str, expected: String| {
            Err(InvalidArgument { field: field.to_owned(), expected })
        };
        match self {
            Self::ExactlyOne(fields) => {
                if fields.iter().filter(|field| form.get(field).is_some()).count() != 1 {
                    return refuse(
                        fields[0],
                        format!("given alone: exactly one of {}", fields.join(", ")),
                    );
                }
            }
            Self::SameLength(lists) => {
                let length = form.values(lists[0]).count();
                for list in lists {
                    let found = form.values(list).count();
                    if found != length || found == 0 {
                        return refuse(
                            list,
                            format!(
                                "as long as {}, and not empty: it holds {found}",
                                lists.join(", ")
                            ),
                        );
                    }
                }
            }
            Self::AtLeast(field, least) => {
                for value in form.values(field) {
                    if value.parse::<u64>().is_ok_and(|value| value < least) {
                        return refuse(field, format!("at least {least}, not {value}"));
                    }
                }
            }
            Self::Between(field, low, high) => {
                for value in form.values(field) {
                    if !value.parse::<f64>().is_ok_and(|value| (low..=high).contains(&value)) {
                        return refuse(field, format!("between {low} and {high}, not {value}"));
                    }
                }
            }
        }
        Ok(())
    }
}

/// A request to one POD service. Implemented by the contract's generated request types only.
pub trait Service:
    Component + Clone + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// What the service answers.
    type Response: Component + Clone + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// The WIT interface, for example `payments`.
    const INTERFACE: &'static str;
    /// The WIT function, for example `pay-invoice-by-invoice`.
    const FUNCTION: &'static str;
    /// The service's row of the catalogue.
    const ROW: &'static Row;

    /// Writes the request's fields.
    fn encode(&self, form: &mut Form);

    /// Reads the request's fields, as a server does.
    ///
    /// # Errors
    /// If a field is missing or is not of its type.
    fn decode(fields: &Fields) -> Result<Self, InvalidArgument>;

    /// Reads an envelope's `count` and `result`.
    ///
    /// # Errors
    /// If they are not what the contract says.
    fn read(count: u64, result: &str) -> serde_json::Result<Self::Response>;

    /// The envelope's `count` for a response.
    fn count(response: &Self::Response) -> u64;

    /// The envelope's `result` for a response.
    ///
    /// # Errors
    /// If the response cannot be written as JSON, which the contract's types can.
    fn write(response: &Self::Response) -> serde_json::Result<Box<RawValue>>;

    /// The request, checked and ready to be sent.
    ///
    /// # Errors
    /// If it breaks one of the service's rules.
    fn prepare(&self) -> Result<Request, InvalidArgument> {
        let mut form = Form::default();
        self.encode(&mut form);
        for rule in Self::ROW.rules {
            rule.check(&form)?;
        }
        Ok(Request {
            interface: Self::INTERFACE,
            function: Self::FUNCTION,
            row: Self::ROW,
            form,
            read: |count, result| Ok(Box::new(Self::read(count, result)?)),
        })
    }
}

/// What a guest needs of a type to receive it; nothing without the feature `component`.
#[cfg(feature = "component")]
pub trait Component: wasmtime::component::Lift + wasmtime::component::Lower {}
#[cfg(feature = "component")]
impl<T: wasmtime::component::Lift + wasmtime::component::Lower> Component for T {}

/// What a guest needs of a type to receive it; nothing without the feature `component`.
#[cfg(not(feature = "component"))]
pub trait Component {}
#[cfg(not(feature = "component"))]
impl<T> Component for T {}

/// Is shown every service of the contract, by [`visit_services`](crate::visit_services).
pub trait ServiceVisitor {
    /// One service.
    fn visit<S: Service>(&mut self);
}

/// Reads a response into the type that its service promises.
pub type Reader = fn(count: u64, result: &str) -> serde_json::Result<Box<dyn Any + Send>>;

/// A request that has been checked and is ready to be sent, whatever its service.
#[derive(Clone, Debug)]
pub struct Request {
    /// The WIT interface.
    pub interface: &'static str,
    /// The WIT function.
    pub function: &'static str,
    /// The service.
    pub row: &'static Row,
    /// Its fields.
    pub form: Form,
    /// Reads the answer.
    pub read: Reader,
}

impl Request {
    /// How grants, journals and receipts name the function: `payments.pay-invoice-by-invoice`.
    #[must_use]
    pub fn qualified_name(&self) -> String {
        format!("{}.{}", self.interface, self.function)
    }
}
