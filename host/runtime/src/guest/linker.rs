//! What each world offers to its guests. POD's functions are not written here one by one: they
//! follow from the contract, typed, through [`visit_services`].

use std::collections::{BTreeMap, BTreeSet};

use pod_platform::{Instant, Service, ServiceVisitor, visit_services};
use semver::Version;
use wasmtime::{
    Engine, StoreContextMut,
    component::{
        Component, ComponentNamedList, ComponentType, InstancePre, Lift, Linker, Lower,
        types::{ComponentInstance, ComponentItem},
    },
};

use super::{instance::GuestState, records::Export};
use crate::{
    contract::{DelegationIndices, Level, LoanPlanIndices, NettingIndices, PolicyIndices, World},
    door::{Capability, CapabilityVisitor, Door, visit_capabilities},
    error::Error,
};

/// What the contract's packages are at.
const POLICY: &str = "0.1.0";
const PLATFORM: &str = "0.2.0";

/// A component that is linked to its world, ready to be instantiated.
pub(crate) struct Linked {
    pub pre: InstancePre<GuestState>,
    pub exports: Exports,
}

/// Where a component has its world's exports.
pub(crate) enum Exports {
    Policy(PolicyIndices),
    Netting(Export),
    Delegation(Export),
    LoanPlan(Export),
}

/// A world's functions, ready to be linked.
pub(crate) struct Offer {
    pub linker: Linker<GuestState>,
    /// Functions by interface, as [`track`] names it.
    functions: BTreeMap<String, BTreeSet<&'static str>>,
    failed: Option<wasmtime::Error>,
}

impl Offer {
    /// What deciders get: no capability but log and clock.
    pub fn decider(engine: &Engine) -> wasmtime::Result<Self> {
        let mut offer =
            Self { linker: Linker::new(engine), functions: BTreeMap::new(), failed: None };
        let level = offer.interface("pod:policy/log", "log");
        offer.linker.instance(&level)?.func_wrap(
            "log",
            |store: StoreContextMut<'_, GuestState>, (level, message): (Level, String)| {
                let GuestState { door, log, .. } = store.data();
                let is_again = door.as_ref().is_some_and(Door::is_doing_again);
                log.write(level_name(level), message, is_again);
                Ok(())
            },
        )?;
        // Without a run (`Host::plan`, parsing) there is no door, and no journal to replay from.
        let clock = offer.interface("pod:policy/clock", "now");
        offer.linker.instance(&clock)?.func_wrap_async(
            "now",
            |store: StoreContextMut<'_, GuestState>, (): ()| {
                let door = store.data().door.clone();
                let clock = store.data().clock.clone();
                Box::new(async move {
                    let now: Instant = match door {
                        Some(door) => door.now().await?,
                        None => clock.now(),
                    };
                    Ok((now,))
                })
            },
        )?;
        Ok(offer)
    }

    /// What policies get: everything; the door decides what of it they may use.
    pub fn policy(engine: &Engine) -> wasmtime::Result<Self> {
        let mut offer = Self::decider(engine)?;
        let random = offer.interface("pod:policy/random", "get-random-u64");
        offer.linker.instance(&random)?.func_wrap_async(
            "get-random-u64",
            |store: StoreContextMut<'_, GuestState>, (): ()| {
                let door = door(&store);
                Box::new(async move { Ok((door?.random().await?.cast_unsigned(),)) })
            },
        )?;
        // The contract does not have it: not every guest language has the type. Components do that
        // were built for an earlier one, and runs in the store that began with them.
        let random = offer.interface("pod:policy/random", "get-random-s64");
        offer.linker.instance(&random)?.func_wrap_async(
            "get-random-s64",
            |store: StoreContextMut<'_, GuestState>, (): ()| {
                let door = door(&store);
                Box::new(async move { Ok((door?.random().await?,)) })
            },
        )?;
        visit_capabilities(&mut offer);
        visit_services(&mut offer);
        match offer.failed.take() {
            Some(error) => Err(error),
            None => Ok(offer),
        }
    }

    /// Links a function to what the door makes of its arguments.
    fn function<P, R, A>(
        &mut self,
        interface: &str,
        function: &'static str,
        answer: impl Fn(Door, P) -> A + Copy + Send + Sync + 'static,
    ) where
        P: ComponentNamedList + Lift + Send + Sync + 'static,
        R: ComponentType + Lower + Send + Sync + 'static,
        A: Future<Output = Result<R, Error>> + Send + 'static,
    {
        let interface = self.interface(&format!("pod:policy/{interface}"), function);
        let linked = self.linker.instance(&interface).and_then(|mut instance| {
            instance.func_wrap_async(
                function,
                move |store: StoreContextMut<'_, GuestState>, parameters: P| {
                    let door = door(&store);
                    Box::new(async move { Ok((answer(door?, parameters).await?,)) })
                },
            )
        });
        if let Err(error) = linked {
            self.failed.get_or_insert(error);
        }
    }

    fn interface(&mut self, name: &str, function: &'static str) -> String {
        self.offer(format!("{name}@{POLICY}"), function)
    }

    fn offer(&mut self, name: String, function: &'static str) -> String {
        self.functions.entry(track(&name)).or_default().insert(function);
        name
    }

    fn service<S: Service>(&mut self) -> wasmtime::Result<()> {
        let interface = format!("pod:platform/{}@{PLATFORM}", S::INTERFACE);
        let interface = self.offer(interface, S::FUNCTION);
        self.linker.instance(&interface)?.func_wrap_async(
            S::FUNCTION,
            |store: StoreContextMut<'_, GuestState>, (request,): (S,)| {
                let door = door(&store);
                Box::new(async move { Ok((door?.call(&request).await?,)) })
            },
        )
    }

    /// Links a policy's component to a world.
    ///
    /// # Errors
    /// If it does not fit the world.
    pub fn link(&self, component: &Component, world: World, policy: &str) -> Result<Linked, Error> {
        let misfits = self.misfits(component, world);
        let does_not_fit =
            |misfits| Error::World { policy: policy.to_owned(), world: world.name(), misfits };
        if !misfits.is_empty() {
            return Err(does_not_fit(misfits));
        }
        let misfit = |error: wasmtime::Error| does_not_fit(vec![format!("{error:#}")]);
        let pre = self.linker.instantiate_pre(component).map_err(misfit)?;
        let export = || Export::find(&pre, world.export()).map_err(misfit);
        // A decider's export is called with types of our own; that it has the contract's is checked
        // here, once.
        let exports = match world {
            World::Policy => Exports::Policy(PolicyIndices::new(&pre).map_err(misfit)?),
            World::Netting => {
                NettingIndices::new(&pre).map_err(misfit)?;
                Exports::Netting(export()?)
            }
            World::Delegation => {
                DelegationIndices::new(&pre).map_err(misfit)?;
                Exports::Delegation(export()?)
            }
            World::LoanPlan => {
                LoanPlanIndices::new(&pre).map_err(misfit)?;
                Exports::LoanPlan(export()?)
            }
        };
        Ok(Linked { pre, exports })
    }

    /// Each import that the world does not offer, and an export that is missing: all that can be
    /// told at once.
    fn misfits(&self, component: &Component, world: World) -> Vec<String> {
        let engine = component.engine();
        let about = component.component_type();
        let mut misfits = Vec::new();
        for (name, import) in about.imports(engine) {
            match import.ty {
                ComponentItem::ComponentInstance(instance) => {
                    misfits.extend(self.not_offered(engine, name, &instance));
                }
                ComponentItem::Type(_) => {}
                _ => misfits.push(format!("it imports `{name}`, which the world does not offer")),
            }
        }
        let export = world.export();
        if !about.exports(engine).any(|(name, _)| name == export) {
            let found: Vec<&str> = about.exports(engine).map(|(name, _)| name).collect();
            misfits.push(format!(
                "it does not export the function `{export}`; it exports {}",
                if found.is_empty() {
                    "nothing".to_owned()
                } else {
                    format!("`{}`", found.join("`, `"))
                }
            ));
        }
        misfits
    }

    fn not_offered(
        &self,
        engine: &Engine,
        name: &str,
        instance: &ComponentInstance,
    ) -> Vec<String> {
        let offered = self.functions.get(&track(name));
        instance
            .exports(engine)
            .filter(|(_, item)| !matches!(item.ty, ComponentItem::Type(_)))
            .filter(|(function, _)| !offered.is_some_and(|offered| offered.contains(function)))
            .map(|(function, _)| {
                format!("it imports `{function}` of `{name}`, which the world does not offer")
            })
            .collect()
    }
}

impl CapabilityVisitor for Offer {
    fn fallible<P, C, T>(&mut self, interface: &str, function: &'static str, call: fn(P) -> C)
    where
        P: ComponentNamedList + Lift + Send + Sync + 'static,
        C: Capability + 'static,
        T: ComponentType + Lower + Send + Sync + 'static,
    {
        self.function(interface, function, move |door, parameters| async move {
            door.pass::<T>(call(parameters)).await
        });
    }

    fn infallible<P, C, T>(&mut self, interface: &str, function: &'static str, call: fn(P) -> C)
    where
        P: ComponentNamedList + Lift + Send + Sync + 'static,
        C: Capability + 'static,
        T: ComponentType + Lower + Send + Sync + 'static,
    {
        self.function(interface, function, move |door, parameters| async move {
            door.ask::<T>(call(parameters)).await
        });
    }
}

impl ServiceVisitor for Offer {
    fn visit<S: Service>(&mut self) {
        if let Err(error) = self.service::<S>() {
            self.failed.get_or_insert(error);
        }
    }
}

/// An interface with what its version has in common with those that can take its place:
/// `pod:policy/log@0.1` of `pod:policy/log@0.1.7`. Wasmtime's linker goes by the same rule: a component
/// of another patch release links, an older or a newer one.
fn track(name: &str) -> String {
    let Some((interface, Ok(version))) =
        name.split_once('@').map(|(interface, version)| (interface, Version::parse(version)))
    else {
        return name.to_owned();
    };
    match version {
        Version { pre, .. } if !pre.is_empty() => name.to_owned(),
        Version { major: 0, minor: 0, .. } => name.to_owned(),
        Version { major: 0, minor, .. } => format!("{interface}@0.{minor}"),
        Version { major, .. } => format!("{interface}@{major}"),
    }
}

fn door(store: &StoreContextMut<'_, GuestState>) -> Result<Door, Error> {
    let door = store.data().door.clone();
    door.ok_or_else(|| Error::Engine("a guest without a door called a capability".into()))
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Trace => "trace",
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}
