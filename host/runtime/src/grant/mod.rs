//! What a policy may do: functions by name or by group, a budget, and what arguments may name.
//! Nothing is allowed that is not named. `policy.toml` asks, the operator's `podhost.toml` grants,
//! and what a run may do is what both say.

pub(crate) mod budget;
mod fields;
mod network_rule;
mod scope;
mod text;
pub(crate) mod url_pattern;

use std::collections::BTreeSet;

use pod_platform::{Service, ServiceVisitor, visit_services};

pub use budget::{Allowance, Amounts, Budget, MAX_MEMORY_BYTES};
pub(crate) use budget::{Day, day};
pub use fields::{BudgetFields, CapabilityFields, NetworkFields};
pub use network_rule::NetworkRule;
pub use scope::Scope;
pub use url_pattern::UrlPattern;

/// What is granted besides POD's functions.
pub(crate) const OWN_FUNCTIONS: [&str; 5] = [
    "http.fetch",
    "store.get-state",
    "store.set-state",
    "store.compare-and-set-state",
    "store.list-state-keys",
];

/// What one run may do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grant {
    /// The functions that may be called, as `interface.function`.
    pub functions: BTreeSet<String>,
    /// What they may use.
    pub budget: Budget,
    /// Those of them whose repetition does no harm, says the operator: a doubt that nothing can
    /// settle is settled by calling again.
    pub repeatable: BTreeSet<String>,
    /// What their arguments may name.
    pub scope: Scope,
}

impl Grant {
    /// Is the function granted?
    #[must_use]
    pub fn allows(&self, function: &str) -> bool {
        self.functions.contains(function)
    }

    /// May a call be repeated although nothing tells whether it took effect?
    #[must_use]
    pub fn may_repeat(&self, function: &str) -> bool {
        self.repeatable.contains(function)
    }

    /// What both allow: the functions that both name, of each meter the smaller, the wallets, guilds
    /// and issuers that both name (a list that is absent restricts nothing), the URLs and
    /// methods of rules of both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let scope = self.scope.intersection(&other.scope);
        // To charge a ceiling for what cannot be read is a risk that both must have taken.
        let [own, others] = [self, other].map(|grant| grant.budget.rial_per_payment.is_some());
        Self {
            functions: &self.functions & &other.functions,
            budget: self.budget.smaller(&other.budget),
            repeatable: &self.repeatable & &other.repeatable,
            scope: Scope { readable_only: scope.readable_only || own != others, ..scope },
        }
    }
}

/// The functions that a name stands for: one function (`payments.pay-invoice`) or a group of them
/// (`payments`). None, if there is no such name.
#[must_use]
pub fn functions(name: &str) -> Vec<String> {
    struct Names<'a>(&'a str, Vec<String>);

    impl ServiceVisitor for Names<'_> {
        fn visit<S: Service>(&mut self) {
            let function = format!("{}.{}", S::INTERFACE, S::FUNCTION);
            if self.0 == S::INTERFACE || self.0 == function {
                self.1.push(function);
            }
        }
    }

    let mut names = Names(name, Vec::new());
    visit_services(&mut names);
    let own = OWN_FUNCTIONS.iter().filter(|function| {
        let group = function.split('.').next();
        **function == name || group == Some(name)
    });
    names.1.extend(own.map(|function| (*function).to_owned()));
    names.1
}
