//! What a policy imports, without running it or opening a store.

use std::collections::BTreeSet;

use wasmtime::{
    Engine,
    component::{Component, types::ComponentItem},
};

use super::{files::PolicyFiles, load::component_world};
use crate::{
    contract::{ScriptMode, World},
    crypto::Digest,
    error::{BadFile, Error},
    grant,
    guest::{Compiler, Offer},
};

/// A policy as its files are.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// SHA-256 of the component or the script.
    pub digest: Digest,
    /// The world that it is written for.
    pub world: World,
    /// The POD functions that its component imports. None: it is a script, and its interpreter
    /// imports all that its world offers.
    pub imports: Option<BTreeSet<String>>,
    /// What is suspicious in its script.
    pub warnings: Vec<BadFile>,
}

/// Looks into a policy, which is loaded as for a run.
pub(crate) async fn inspect(compiler: &Compiler, files: &PolicyFiles) -> Result<Inspection, Error> {
    let (loaded, _) = compiler.load(files, ScriptMode::AdHoc).await?;
    let imports = match &loaded.script {
        Some(_) => None,
        None => Some(imports(compiler.engine(), loaded.entry.pre.component())),
    };
    let warnings = loaded.script.map(|script| script.warnings).unwrap_or_default();
    Ok(Inspection { digest: loaded.identity.digest, world: loaded.world, imports, warnings })
}

/// Looks into a component that is compiled already, as [`PreparedHost::inspect`](crate::PreparedHost::inspect) does.
///
/// # Errors
/// If it does not fit its world.
pub fn inspect_component(
    engine: &Engine,
    component: &Component,
    files: &PolicyFiles,
    digest: Digest,
) -> Result<Inspection, Error> {
    let world = component_world(files, component);
    let offer = match world {
        World::Policy => Offer::policy(engine),
        World::Netting | World::Delegation | World::LoanPlan => Offer::decider(engine),
    };
    let offer = offer.map_err(|error| Error::Engine(format!("{error:#}")))?;
    offer.link(component, world, &files.name)?;
    let imports = Some(imports(engine, component));
    Ok(Inspection { digest, world, imports, warnings: Vec::new() })
}

/// The POD functions that a component imports, as grants name them.
fn imports(engine: &Engine, component: &Component) -> BTreeSet<String> {
    let mut functions = BTreeSet::new();
    for (name, import) in component.component_type().imports(engine) {
        let interface = name.strip_prefix("pod:platform/").or(name.strip_prefix("pod:policy/"));
        let interface = interface.and_then(|name| name.split('@').next());
        let (Some(interface), ComponentItem::ComponentInstance(instance)) = (interface, import.ty)
        else {
            continue;
        };
        let of_instance = instance
            .exports(engine)
            .filter(|(_, item)| !matches!(item.ty, ComponentItem::Type(_)))
            .map(|(function, _)| format!("{interface}.{function}"));
        // Log, clock and the like are everybody's.
        functions.extend(of_instance.filter(|function| !grant::functions(function).is_empty()));
    }
    functions
}
