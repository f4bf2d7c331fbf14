//! An engine with a script, and calls into it.

use pod_sdk::bindings::policy::pod::policy::types::Failure;
use rhai::{CallFnOptions, Dynamic, Engine, Scope};

use crate::{
    contract::World,
    convert::{FromScript, Mismatch},
    engine::{self, Log},
    failure, in_place,
    script::{self, Script},
};

/// The interpreter for a world, or for several that share their imports.
pub struct Interpreter {
    world: World,
    log: Log,
    engine: Engine,
    script: Option<Script>,
}

impl Interpreter {
    /// An interpreter without a script yet.
    #[must_use]
    pub fn new(world: World, log: Log) -> Self {
        let mut engine = engine::engine(log);
        (world.register)(&mut engine);
        Self { world, log, engine, script: None }
    }

    /// Takes a script of a world that has the same imports, in place of the one before.
    ///
    /// # Errors
    /// Says what is wrong with the script, and where; then there is no script.
    pub fn load(&mut self, world: World, source: &str) -> Result<(), Failure> {
        if self.script.is_some() {
            *self = Self::new(world, self.log);
        }
        self.world = world;
        self.script = Some(script::load(&mut self.engine, &self.world, source)?);
        Ok(())
    }

    /// What is suspicious in the script that was loaded last, and where: nothing of it keeps the
    /// script from being called.
    #[must_use]
    pub fn warnings(&self) -> Vec<Failure> {
        let Some(script) = &self.script else { return Vec::new() };
        let uses = in_place::uses(&script.ast, self.world.function).into_iter();
        let warning = |(position, name)| {
            let message = format!(
                "`{name}` changes what it is called on and answers nothing, `()`, which is used as a \
                 value here: let it stand alone, and use what it was called on"
            );
            failure::new(message, position)
        };
        uses.map(warning).collect()
    }

    /// Calls the world's function, with as many of the arguments as the script's takes.
    ///
    /// # Errors
    /// If there is no script, an argument is nothing for a script, the script fails, or its answer
    /// does not fit.
    pub fn call<const N: usize, T: FromScript>(
        &self,
        arguments: [Result<Dynamic, Mismatch>; N],
    ) -> Result<T, Failure> {
        let function = self.world.function;
        let nowhere = |message: String| failure::new(message, rhai::Position::NONE);
        let script = self
            .script
            .as_ref()
            .ok_or_else(|| nowhere("no script was loaded into the interpreter".to_owned()))?;
        let arguments = self
            .world
            .parameters
            .iter()
            .zip(arguments)
            .take(script.parameters)
            .map(|(parameter, argument)| {
                argument
                    .map_err(|mismatch| nowhere(format!("{parameter} of `{function}`: {mismatch}")))
            })
            .collect::<Result<Vec<Dynamic>, _>>()?;
        let answer: Dynamic = self
            .engine
            .call_fn_with_options(
                CallFnOptions::new().eval_ast(false),
                &mut Scope::new(),
                &script.ast,
                function,
                arguments,
            )
            .map_err(|error| failure::of_running(*error, function))?;
        let is_nothing = answer.is_unit();
        T::from_script(answer).map_err(|mismatch| {
            // Nothing was answered where the function ends; what else is wrong may stand anywhere.
            let place = if is_nothing { script.end(function) } else { rhai::Position::NONE };
            failure::new(format!("the answer of `{function}`: {mismatch}"), place)
        })
    }
}
