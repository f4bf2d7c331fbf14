//! What a policy may do: functions by name or by group, and a budget. Nothing is allowed that is
//! not named.

use std::collections::BTreeSet;

use pod_platform::{Service, ServiceVisitor, visit_services};

use crate::budget::Budget;

/// What one run may do.
#[derive(Clone, Debug, Default)]
pub struct Grant {
    /// The functions that may be called, as `interface.function`.
    pub functions: BTreeSet<String>,
    /// What they may use.
    pub budget: Budget,
    /// Those of them whose repetition does no harm, says the operator: a doubt that nothing can
    /// settle is settled by calling again.
    pub repeatable: BTreeSet<String>,
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
    names.1
}
