//! What authorising and charging add to a call, for the benchmark that holds them to their promise.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use pod_platform::{Rial, Service as PodService, types};

use super::{
    Authorise, Charge, Context, Layer,
    call::{Call, Reply, Returned},
    capability::PodCall,
    middleware::{Next, Passing},
};
use crate::grant::{Amounts, Budget, Grant, Scope};

/// Where the door would go on to what is measured nowhere here.
struct Nothing;

impl Layer for Nothing {
    fn pass(&self, _: Arc<Context>, _: Call, _: Next) -> Passing {
        Box::pin(async { Ok(Reply::of(Ok(Returned::of(Bytes::new(), ())), Amounts::default())) })
    }
}

/// How long a call of a service takes on average, through authorise and charge and without them,
/// under a grant that restricts what can be restricted without asking the platform: `calls` calls,
/// in turns of a hundred.
///
/// # Errors
/// If the request breaks a rule.
pub async fn authorise_and_charge<S: PodService>(
    request: &S,
    calls: usize,
) -> Result<Vec<(Duration, Duration)>, types::InvalidArgument> {
    let request = request.prepare()?;
    let function = request.qualified_name();
    let ctx = Arc::new(context(&function));
    let call = Call::new(0, Arc::new(PodCall(request)));
    static WITH: [&dyn Layer; 3] = [&Authorise, &Charge, &Nothing];
    static WITHOUT: [&dyn Layer; 1] = [&Nothing];
    let (with, without) = (Next::through(&WITH), Next::through(&WITHOUT));
    let mut measured = Vec::new();
    for _ in 0..calls / 100 {
        let began = Instant::now();
        for _ in 0..100 {
            std::hint::black_box(with.call(ctx.clone(), call.clone()).await.is_ok());
        }
        let ours = began.elapsed() / 100;
        let began = Instant::now();
        for _ in 0..100 {
            std::hint::black_box(without.call(ctx.clone(), call.clone()).await.is_ok());
        }
        measured.push((ours, began.elapsed() / 100));
    }
    Ok(measured)
}

fn context(function: &str) -> Context {
    let budget = Budget {
        rial: Rial(u64::MAX),
        calls: u64::MAX,
        bytes_up: u64::MAX,
        bytes_down: u64::MAX,
        ..Budget::default()
    };
    let codes = |code: &str| Some([code.to_owned()].into());
    let scope =
        Scope { wallets: codes("PODLAND_WALLET"), guilds: codes("FOOD_GUILD"), ..Scope::default() };
    let functions = [function.to_owned()].into();
    Context::detached(Grant { functions, budget, scope, ..Grant::default() })
}
