//! Loads a script: parses it, and checks what can be checked without running it.
//!
//! A script is functions and constants; the world's function is called, nothing else is run.
//! Rhai's functions do not see what stands outside of them, so the engine is given the constants.
//! Anything else out there is refused, because it would never run and nobody would notice. So a
//! call has nothing to evaluate but the function.

use pod_sdk::bindings::policy::pod::policy::types::Failure;
use rhai::{
    AST, ASTFlags, Engine, Map, OptimizationLevel, ParseError, ParseErrorType, Position, Scope,
    Stmt,
};

use crate::{contract::World, failure};

/// A script that is fit to be called.
pub struct Script {
    pub(crate) ast: AST,
    /// How many of the world's parameters its function takes.
    pub(crate) parameters: usize,
}

impl Script {
    /// Where the world's function ends.
    pub(crate) fn end(&self, function: &str) -> Position {
        let mut functions = self.ast.iter_fn_def();
        functions
            .find(|found| found.name == function && found.params.len() == self.parameters)
            .map_or(Position::NONE, |found| found.body.end_position())
    }
}

/// Parses and checks a script of a world. The engine must not have had another script: it keeps
/// the constants.
///
/// # Errors
/// Says what is wrong with the script, and where; then the engine is as it was.
pub fn load(engine: &mut Engine, world: &World, source: &str) -> Result<Script, Failure> {
    let parsed = match engine.compile(source) {
        Ok(ast) => Ok((ast, None)),
        Err(error) if matches!(error.err_type(), ParseErrorType::VariableUndefined(_)) => {
            with_constants(engine, source, error).map(|(ast, constants)| (ast, Some(constants)))
        }
        Err(error) => Err(error),
    };
    let (ast, constants) = parsed.map_err(|error| failure::of_parsing(&error))?;
    check_top_level(&ast)?;
    let parameters = parameters(&ast, world)?;
    if let Some(constants) = constants {
        resolve(engine, constants);
    }
    Ok(Script { ast, parameters })
}

/// The undefined variable may be a constant: collects them all, and parses again with them.
///
/// Optimising is a step of its own, and is not shown the constants: Rhai's optimiser would put a
/// constant in the place of a parameter of the same name.
fn with_constants(
    engine: &mut Engine,
    source: &str,
    error: ParseError,
) -> Result<(AST, Map), ParseError> {
    engine.set_strict_variables(false);
    let lenient = engine.compile(source);
    engine.set_strict_variables(true);
    let lenient = lenient?;

    let mut names = Scope::new();
    let mut constants = Map::new();
    for (name, _, value) in lenient.iter_literal_variables(true, false) {
        constants.insert(name.into(), value.clone());
        names.push_constant_dynamic(name, value);
    }
    if names.is_empty() {
        return Err(error);
    }

    let optimisation = engine.optimization_level();
    engine.set_optimization_level(OptimizationLevel::None);
    let parsed = engine.compile_with_scope(&names, source);
    engine.set_optimization_level(optimisation);
    Ok((engine.optimize_ast(&Scope::new(), parsed?, optimisation), constants))
}

/// Answers a variable that no function has with the constant of that name. (A module of constants
/// would be simpler, but closures cannot capture from one.)
fn resolve(engine: &mut Engine, constants: Map) {
    #[expect(deprecated, reason = "not deprecated, says Rhai, but volatile")]
    engine.on_var(move |name, index, context| {
        let own = index > 0 || context.scope().contains(name);
        Ok(if own { None } else { constants.get(name).cloned() })
    });
}

fn check_top_level(ast: &AST) -> Result<(), Failure> {
    for statement in ast.statements() {
        let problem = match statement {
            Stmt::Noop(_) => continue,
            Stmt::Var(variable, flags, _) if flags.contains(ASTFlags::CONSTANT) => {
                if variable.1.is_constant() {
                    continue;
                }
                format!(
                    "the constant `{}` must be a value that needs no run, like `10` or `[\"a\"]`",
                    variable.0.name
                )
            }
            Stmt::Var(variable, ..) => format!(
                "no function sees the variable `{0}`: make it a constant, `const {0} = …`, or move \
                 it into a function",
                variable.0.name
            ),
            _ => "only functions and constants may stand outside of functions: this would never \
                  be run"
                .to_owned(),
        };
        return Err(failure::new(problem, statement.position()));
    }
    Ok(())
}

/// How many parameters the script's function has: all, or all but the configuration, the last.
fn parameters(ast: &AST, world: &World) -> Result<usize, Failure> {
    let World { name, function, parameters, .. } = world;
    let all = parameters.len();
    let without_configuration = all - 1;
    let mut arities: Vec<usize> =
        ast.iter_functions().filter(|f| f.name == *function).map(|f| f.params.len()).collect();
    arities.sort_unstable();
    if let Some(fitting) = [all, without_configuration].into_iter().find(|n| arities.contains(n)) {
        return Ok(fitting);
    }
    let found = match arities.last() {
        Some(1) => format!("the script's `{function}` has 1 parameter"),
        Some(found) => format!("the script's `{function}` has {found} parameters"),
        None => "the script has no such function".to_owned(),
    };
    let message = format!(
        "the world `{name}` needs `fn {function}({})`, or without its last parameter: {found}",
        parameters.join(", ")
    );
    Err(failure::new(message, Position::NONE))
}
