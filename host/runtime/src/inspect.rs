//! What a policy imports, without running it or opening a store.

use std::{collections::BTreeSet, path::PathBuf};

use wasmtime::{
    Engine,
    component::{Component, types::ComponentItem},
};

use crate::{
    Digest, Error, PolicyFiles,
    artefact_folder::ArtefactFolder,
    artefacts::Artefacts,
    engine::engine,
    grant,
    host::{default_artefact_key, default_artefacts},
    linker::Offer,
    manifest::World,
    policy::{component_world, script_world, source_text},
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
}

/// Looks into a policy: a component is checked against its world, and its imports are listed.
/// Compiled components are kept in `artefacts`, by default in the user's cache, of which there are so
/// many bytes `at_most` (see [`HostBuilder::artefacts_at_most`](crate::HostBuilder::artefacts_at_most)).
///
/// # Errors
/// If a file is not as it should be, or the component does not fit its world. A decider that
/// imports more than log and clock does not.
pub async fn inspect(
    files: &PolicyFiles,
    artefacts: Option<PathBuf>,
    at_most: u64,
) -> Result<Inspection, Error> {
    let bytes = files.read()?;
    let digest = Digest::of_file(&bytes);
    if files.is_script() {
        let source = source_text(files, bytes)?;
        let world = files.world.unwrap_or_else(|| script_world(&source));
        return Ok(Inspection { digest, world, imports: None });
    }
    let engine = engine().map_err(set_up)?;
    let folder = artefacts.or_else(default_artefacts).ok_or_else(|| {
        Error::Account(
            "this user has no home folder: choose the compiled components' folder".into(),
        )
    })?;
    let keys = Vec::from_iter(default_artefact_key());
    let component = Artefacts::open(&engine, ArtefactFolder::new(folder, keys, at_most))?
        .component(digest, false, || Ok(bytes))
        .await
        .map_err(|error| files.misread(error))?;
    inspect_component(&engine, &component, files, digest)
}

/// Looks into a component that is compiled already, as [`inspect`] does.
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
    // Linked as for a run, so that nothing passes here that a run would refuse.
    offer.map_err(set_up)?.link(component, world, &files.name)?;
    Ok(Inspection { digest, world, imports: Some(imports(engine, component)) })
}

fn set_up(error: wasmtime::Error) -> Error {
    Error::Engine(format!("{error:#}"))
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
