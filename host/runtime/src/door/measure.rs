//! What authorising and charging add to a call, for the benchmark that holds them to their promise.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use pod_platform::{Clock as _, Rial, Service as PodService, SystemClock, types};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service as _;

use super::{
    Call, Egress, History, HttpSecrets, Layer, Memory, Operation, Passage, Passing, Recorder,
    Reply, Returned, Stage, SystemResolver, authorise, charge,
};
use crate::{
    crypto::Digest,
    grant::{Amounts, Budget, Grant, Scope},
    journal::{Claimant, Owner},
};

/// Where the door would go on to what is measured nowhere here.
#[derive(Clone)]
struct Nothing;

impl Layer for Nothing {
    fn pass(self, _: Call) -> Passing {
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
    let passage = Arc::new(passage(&function));
    let call = Call {
        step: 0,
        digest: Digest::of(&[]),
        arguments: request.form.encoded().into(),
        function,
        operation: Operation::Pod(request),
        reserved: Amounts::default(),
        at_most: false,
        intended: None,
        before: None,
        ott: None,
    };
    let charge = Stage(charge::Charge { passage: passage.clone(), inner: Stage(Nothing) });
    let mut with = Stage(authorise::Authorise { passage, inner: charge });
    let mut without = Stage(Nothing);
    let mut measured = Vec::new();
    for _ in 0..calls / 100 {
        let began = Instant::now();
        for _ in 0..100 {
            std::hint::black_box(with.call(call.clone()).await.is_ok());
        }
        let ours = began.elapsed() / 100;
        let began = Instant::now();
        for _ in 0..100 {
            std::hint::black_box(without.call(call.clone()).await.is_ok());
        }
        measured.push((ours, began.elapsed() / 100));
    }
    Ok(measured)
}

fn passage(function: &str) -> Passage {
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
    let owner = Owner { claimant: Claimant::new("measured", None), policy: "measured".to_owned() };
    let recorder = Recorder::after("measured".to_owned(), owner, None, &[]);
    Passage {
        memory: Memory::kept(&recorder),
        grant: Grant { functions, budget, scope, ..Grant::default() },
        recorder,
        history: History::default(),
        connection: None,
        user: None,
        business: None,
        clock: Arc::new(SystemClock),
        began: SystemClock.now(),
        mark: Digest::of(&[]),
        landing_window: Duration::ZERO,
        restored_since: None,
        on_point: None,
        http: Egress::new(Arc::new(SystemResolver), HttpSecrets::default()),
        turns_to_store: Arc::default(),
        _live: None,
        tasks: TaskTracker::new(),
        ended: AtomicBool::new(false),
        stop: CancellationToken::new(),
        next_step: AtomicU64::new(0),
        uncounted: AtomicU64::new(0),
        changes: AtomicU64::new(0),
    }
}
