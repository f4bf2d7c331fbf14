//! Functions that change what they are called on and answer nothing, `()`: `trim`, `sort` and the
//! like. Whoever uses what they answer as a value meant something else: `let name = name.trim();`
//! leaves nothing in `name`. Rhai has no types by which that would be an error, so a script is looked
//! through when it is loaded, and its author is told.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTFlags, ASTNode, Expr, FnCallExpr, FnPtr, Position, Stmt};

/// The functions of Rhai that answer nothing, whatever they are called on.
pub const IN_PLACE: [&str; 24] = [
    "append",
    "chop",
    "clear",
    "crop",
    "dedup",
    "fill_with",
    "for_each",
    "insert",
    "make_lower",
    "make_upper",
    "mixin",
    "pad",
    "push",
    "replace",
    "reverse",
    "set",
    "set_bit",
    "set_bits",
    "sort",
    "sort_by",
    "sort_desc",
    "splice",
    "trim",
    "truncate",
];

/// A function that drops what the function that it is given answers.
const FOR_EACH: &str = "for_each";

/// What is made of a value.
#[derive(Clone, Copy)]
enum Use {
    Nothing,
    Value,
    /// The function in which it stands answers it.
    Answer,
}

/// Where what an in-place function answers is used as a value, in the order of the script; `entry`
/// is the function that the host calls.
pub fn uses(ast: &AST, entry: &str) -> Vec<(Position, String)> {
    let own = ast.iter_functions().map(|function| function.name).collect();
    let mut search = Search { own, ..Search::default() };
    search.used.insert(entry.to_owned());
    for function in ast.iter_functions() {
        search.function = function.name.to_owned();
        search.block(&statements(ast, function.name, function.params.len()), Use::Answer);
    }
    search.found()
}

/// A function's own statements. Rhai shows them only to whoever walks over all that there is.
fn statements(ast: &AST, name: &str, parameters: usize) -> Vec<Stmt> {
    let mut statements = Vec::new();
    // Not by `clone_functions_only_filtered`, which keeps all of them in Rhai 1.27.
    let mut only = ast.clone_functions_only();
    only.retain_functions(|_, _, function, count| function == name && count == parameters);
    only.walk(&mut |path: &[ASTNode<'_>]| {
        if let [ASTNode::Stmt(statement)] = path {
            statements.push((*statement).clone());
        }
        true
    });
    statements
}

/// A closure, alone or with the variables that it captures, which are shared before it is made.
fn is_closure(expression: &Expr) -> bool {
    match expression {
        Expr::DynamicConstant(value, _) => value.is::<FnPtr>(),
        Expr::Stmt(block) => matches!(block.statements(), [Stmt::Share(_), _]),
        _ => false,
    }
}

#[derive(Default)]
struct Search<'a> {
    /// The script's own functions.
    own: BTreeSet<&'a str>,
    /// The function that is looked through.
    function: String,
    /// Functions of the script whose answer somebody uses.
    used: BTreeSet<String>,
    /// What else a function's answer is the answer of.
    answers: BTreeMap<String, BTreeSet<String>>,
    /// What is used as a value.
    values: Vec<(Position, String)>,
    /// What a function answers; by function.
    answered: Vec<(String, Position, String)>,
}

impl Search<'_> {
    fn found(mut self) -> Vec<(Position, String)> {
        let mut reached: Vec<String> = self.used.iter().cloned().collect();
        while let Some(function) = reached.pop() {
            for further in self.answers.remove(&function).unwrap_or_default() {
                if self.used.insert(further.clone()) {
                    reached.push(further);
                }
            }
        }
        let used = &self.used;
        let answered = self.answered.into_iter().filter(|(function, ..)| used.contains(function));
        self.values.extend(answered.map(|(_, position, name)| (position, name)));
        self.values.sort();
        self.values.dedup();
        self.values
    }

    fn block(&mut self, statements: &[Stmt], made: Use) {
        let Some((last, before)) = statements.split_last() else { return };
        for statement in before {
            self.statement(statement, Use::Nothing);
        }
        self.statement(last, made);
    }

    fn statement(&mut self, statement: &Stmt, made: Use) {
        match statement {
            Stmt::FnCall(call, position) => self.call(call, *position, made),
            Stmt::Expr(expression) => self.expression(expression, made),
            Stmt::Block(block) => self.block(block.statements(), made),
            Stmt::Var(variable, ..) => self.expression(&variable.1, Use::Value),
            Stmt::Assignment(assignment) => {
                self.expression(&assignment.1.lhs, Use::Value);
                self.expression(&assignment.1.rhs, Use::Value);
            }
            Stmt::If(branches, _) => {
                self.expression(&branches.expr, Use::Value);
                self.block(branches.body.statements(), made);
                self.block(branches.branch.statements(), made);
            }
            Stmt::TryCatch(branches, _) => {
                self.block(branches.body.statements(), made);
                self.block(branches.branch.statements(), made);
            }
            Stmt::While(repeated, _) | Stmt::Do(repeated, ..) => {
                self.expression(&repeated.expr, Use::Value);
                self.block(repeated.body.statements(), Use::Nothing);
            }
            Stmt::For(repeated, _) => {
                self.expression(&repeated.2.expr, Use::Value);
                self.block(repeated.2.body.statements(), Use::Nothing);
            }
            Stmt::Return(Some(value), kind, _) => {
                let thrown = kind.contains(ASTFlags::BREAK);
                self.expression(value, if thrown { Use::Value } else { Use::Answer });
            }
            // What a loop ends with is what the loop answers.
            Stmt::BreakLoop(Some(value), ..) => self.expression(value, Use::Value),
            _ => {}
        }
    }

    fn expression(&mut self, expression: &Expr, made: Use) {
        match expression {
            Expr::FnCall(call, position) | Expr::MethodCall(call, position) => {
                self.call(call, *position, made);
            }
            // `a.b.c` is `a` and then `b.c`: only of the last the answer is the chain's.
            Expr::Dot(chain, ..) => {
                self.expression(&chain.lhs, Use::Value);
                self.expression(&chain.rhs, made);
            }
            Expr::Index(chain, kind, _) => {
                self.expression(&chain.lhs, Use::Value);
                let ends = kind.contains(ASTFlags::BREAK);
                self.expression(&chain.rhs, if ends { Use::Value } else { made });
            }
            Expr::Stmt(block) => self.block(block.statements(), made),
            Expr::And(items, _) | Expr::Or(items, _) | Expr::Coalesce(items, _) => {
                items.iter().for_each(|item| self.expression(item, Use::Value));
            }
            Expr::Array(items, _) | Expr::InterpolatedString(items, _) => {
                items.iter().for_each(|item| self.expression(item, Use::Value));
            }
            Expr::Map(items, _) => {
                items.0.iter().for_each(|(_, item)| self.expression(item, Use::Value));
            }
            // A function that is handed on, such as a closure.
            Expr::DynamicConstant(value, _) => {
                if let Some(function) = value.read_lock::<FnPtr>() {
                    self.used.insert(function.fn_name().to_owned());
                }
            }
            _ => {}
        }
    }

    fn call(&mut self, call: &FnCallExpr, position: Position, made: Use) {
        let name = call.name.as_str();
        for argument in &call.args {
            if name != FOR_EACH || !is_closure(argument) {
                self.expression(argument, Use::Value);
            }
        }
        if let ("Fn", [Expr::StringConstant(name, _)]) = (name, &call.args[..]) {
            self.used.insert(name.to_string());
        }
        let is_own = self.own.contains(name);
        let (name, function) = (name.to_owned(), self.function.clone());
        match made {
            Use::Nothing => {}
            Use::Value if is_own => _ = self.used.insert(name),
            Use::Answer if is_own => _ = self.answers.entry(function).or_default().insert(name),
            Use::Value if IN_PLACE.contains(&&*name) => self.values.push((position, name)),
            Use::Answer if IN_PLACE.contains(&&*name) => {
                self.answered.push((function, position, name));
            }
            Use::Value | Use::Answer => {}
        }
    }
}
