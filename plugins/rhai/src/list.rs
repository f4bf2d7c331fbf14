//! `for invoice in each("get_invoice_list", #{ is_payed: false }) { … }`: all that a list holds,
//! item by item, a page fetched when it is needed. How the pages follow one another is the SDK's.

use std::{cell::RefCell, rc::Rc};

use pod_sdk::list::List;
use rhai::{Dynamic, Engine, EvalAltResult, Map};

use crate::{
    call::{Answer, argument, fallible, thrown},
    convert::{FromScript, IntoScript},
};

const EACH: &str = "each";
const FUNCTION: &str = "function";
const REQUEST: &str = "request";

/// What `each` answers: a list that a loop walks. Its copies share one walk, so none sees an item
/// that another has seen.
#[derive(Clone)]
pub struct Each(Rc<RefCell<dyn Iterator<Item = Answer>>>);

impl Each {
    /// Walks over `items`.
    pub fn new(items: impl Iterator<Item = Answer> + 'static) -> Self {
        Self(Rc::new(RefCell::new(items)))
    }
}

impl Iterator for Each {
    type Item = Answer;

    fn next(&mut self) -> Option<Answer> {
        self.0.borrow_mut().next()
    }
}

/// Registers `each(function, request)`; `walk` begins the walk over what the request lists.
pub fn register(engine: &mut Engine, walk: fn(&str, Dynamic) -> Answer<Each>) {
    engine
        .register_type_with_name::<Each>("a list that `each` walks")
        .register_iterator_result::<Each, Dynamic>()
        .register_fn(EACH, move |function: Dynamic, request: Dynamic| {
            walk(&argument::<String>(EACH, FUNCTION, function)?, request)
        });
}

/// Walks over what a request lists. The numbers of `zero` may be left out of it.
pub(crate) fn each<R>(function: &'static str, zero: &[&str], request: Dynamic) -> Answer<Each>
where
    R: List<Item: IntoScript> + FromScript + 'static,
{
    let mut map = argument::<Map>(EACH, REQUEST, request)?;
    for name in zero {
        map.entry((*name).into()).or_insert_with(|| Dynamic::from_int(0));
    }
    let request = argument::<R>(EACH, REQUEST, Dynamic::from_map(map))?;
    Ok(Each::new(pod_sdk::each(request).map(|item| fallible(function, item))))
}

/// `function` lists nothing.
pub(crate) fn unknown(function: &str, known: &[&str]) -> Box<EvalAltResult> {
    let names = known.join(", ");
    thrown(format!("{EACH}: there is no list `{function}`, only {names}").into())
}
