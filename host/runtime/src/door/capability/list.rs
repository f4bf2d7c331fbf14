//! The list of capabilities: what policies are offered besides POD's services, which follow from the
//! contract, and besides log, clock and randomness, which deciders have, too, or for which nobody asks by
//! name.

use wasmtime::component::{ComponentNamedList, ComponentType, Lift, Lower};

use super::{Capability, Fetch, GetRemainingBudget, store::StateRequest};
use crate::contract::{HttpResponse, RemainingBudget};

/// Whom the functions of the list are offered to: each by its interface of the package `pod:policy`, its
/// name, and what makes a call of its arguments `P`.
pub(crate) trait CapabilityVisitor {
    /// A function that returns `result<T, error>`.
    fn fallible<P, C, T>(&mut self, interface: &str, function: &'static str, call: fn(P) -> C)
    where
        P: ComponentNamedList + Lift + Send + Sync + 'static,
        C: Capability + 'static,
        T: ComponentType + Lower + Send + Sync + 'static;

    /// A function that returns `T`.
    fn infallible<P, C, T>(&mut self, interface: &str, function: &'static str, call: fn(P) -> C)
    where
        P: ComponentNamedList + Lift + Send + Sync + 'static,
        C: Capability + 'static,
        T: ComponentType + Lower + Send + Sync + 'static;
}

/// The list. What of it has to be granted stands in the names of [`grant`](crate::grant), too.
pub(crate) fn visit_capabilities(to: &mut impl CapabilityVisitor) {
    to.infallible::<_, _, RemainingBudget>("budget", "get-remaining-budget", |()| {
        GetRemainingBudget
    });
    to.fallible::<_, _, HttpResponse>("http", "fetch", |(request,)| Fetch(request));
    to.fallible::<_, _, Option<String>>("store", "get-state", |(key,)| StateRequest::Get { key });
    to.fallible::<_, _, ()>("store", "set-state", |(key, value)| StateRequest::Set { key, value });
    to.fallible::<_, _, bool>("store", "compare-and-set-state", |(key, expected, value)| {
        StateRequest::CompareAndSet { key, expected, value }
    });
    to.fallible::<_, _, Vec<String>>("store", "list-state-keys", |(prefix,)| {
        StateRequest::ListKeys { prefix }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::functions;

    #[derive(Default)]
    struct Names {
        granted: Vec<String>,
        free: Vec<String>,
    }

    impl CapabilityVisitor for Names {
        fn fallible<P, C, T>(&mut self, interface: &str, function: &'static str, _: fn(P) -> C) {
            self.granted.push(format!("{interface}.{function}"));
        }

        fn infallible<P, C, T>(&mut self, interface: &str, function: &'static str, _: fn(P) -> C) {
            self.free.push(format!("{interface}.{function}"));
        }
    }

    /// What the list offers and may be refused, a grant can name; and nothing else of it.
    #[test]
    fn a_grant_can_name_what_can_be_refused() {
        let mut names = Names::default();
        visit_capabilities(&mut names);
        for name in &names.granted {
            assert_eq!(functions(name), std::slice::from_ref(name));
        }
        for name in &names.free {
            assert!(functions(name).is_empty(), "{name}");
        }
    }
}
