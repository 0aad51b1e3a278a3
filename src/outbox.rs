//! The way back to JavaScript: one queue for all calls of a thread, woken as seldom as nobody notices.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use napi::{
    Status,
    bindgen_prelude::{Either, Float32Array, FnArgs, Function, Latin1String, Uint32Array, Utf16String},
    threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode},
};
use napi_derive::napi;
use tokio::time::Instant;

use crate::{call::Handle, guard::guarded, packed::Packed, runtime};

/// Deltas wake JavaScript at most this often. Nobody sees it, and a wake costs more than many deltas.
const WINDOW: Duration = Duration::from_millis(5);

/// How much text one delivery takes, about, in UTF-16 units.
const DELIVERY: usize = 16 << 20;

/// What `deliver` in `lib/delivery.ts` is called with: the texts of all records joined, and their runs. A run is call,
/// kind, how many, and the length of each in UTF-16 units.
/// Numbers come as they are, one list for each record of that kind.
type Delivery =
    FnArgs<(Either<Latin1String, Utf16String>, Either<Vec<u32>, Uint32Array>, Option<Vec<Float32Array>>)>;

/// Weak: what keeps the process alive is in `lib/`, which knows whether a call is pending.
type Deliver = ThreadsafeFunction<(), (), Delivery, Status, false, true>;

/// What a record tells. `lib/delivery.ts` has the same list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    Message = 0,
    Reasoning = 1,
    Progress = 2,
    Warning = 3,
    /// A question to the caller's code, as JSON.
    Ask = 4,
    /// The whole text of the answer, and its reasoning: just before `Done`.
    Content = 5,
    WholeReasoning = 6,
    /// The result, as JSON. Ends the call.
    Done = 7,
    /// The error, as JSON. Ends the call.
    Failed = 8,
    Retry = 9,
    ToolCall = 10,
    /// Numbers, which have no text: just before `Done`.
    Numbers = 11,
}

/// Records that wait, with their text.
#[derive(Debug, Default)]
pub struct Batch {
    text: Packed,
    /// Records of one call and kind in a row are told together.
    runs: Vec<u32>,
    /// Where the last run begins.
    last: usize,
    numbers: Vec<Vec<f32>>,
    /// Something that is not one more delta.
    urgent: bool,
}

/// Where a run holds how many records it has; their lengths follow.
const COUNT: usize = 2;

impl Batch {
    /// Returns the text's length in UTF-16 units.
    pub fn push(&mut self, call: u32, kind: Kind, text: &str, urgent: bool) -> usize {
        let length = self.text.push(text);
        self.extend_run([call, kind as u32], &[u32::try_from(length).unwrap_or(u32::MAX)]);
        self.urgent |= urgent;
        length
    }

    pub fn push_numbers(&mut self, call: u32, numbers: Vec<f32>) {
        self.extend_run([call, Kind::Numbers as u32], &[0]);
        self.numbers.push(numbers);
        self.urgent = true;
    }

    /// Appends all of `other`, which is empty afterwards.
    fn append(&mut self, other: &mut Self) {
        self.text.append(&mut other.text);
        let mut runs = other.runs.as_slice();
        while let [call, kind, count, rest @ ..] = runs {
            let (lengths, others) = rest.split_at(*count as usize);
            self.extend_run([*call, *kind], lengths);
            runs = others;
        }
        self.numbers.append(&mut other.numbers);
        other.runs.clear();
        other.last = 0;
    }

    fn extend_run(&mut self, of: [u32; COUNT], lengths: &[u32]) {
        if !self.runs[self.last..].starts_with(&of) {
            self.last = self.runs.len();
            self.runs.extend(of);
            self.runs.push(0);
        }
        // As many as lengths, which are counted in 32 bits where they come from.
        self.runs[self.last + COUNT] += u32::try_from(lengths.len()).unwrap_or(u32::MAX);
        self.runs.extend_from_slice(lengths);
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}

#[derive(Debug)]
struct Queue {
    /// What one delivery takes each: V8 makes no string of more than half a gigabyte.
    waiting: VecDeque<Batch>,
    wake: Wake,
    last_taken: Instant,
}

#[derive(Debug, PartialEq, Eq)]
enum Wake {
    Idle,
    /// A timer will call.
    Timer,
    /// JavaScript is on its way.
    Called,
}

/// The Rust end of one JavaScript thread's outbox.
pub struct Outbox {
    queue: Arc<Mutex<Queue>>,
    deliver: Deliver,
    calls: Mutex<HashMap<u32, Arc<Handle>>>,
    next_call: AtomicU32,
}

impl Outbox {
    fn new(deliver: &Function<'_, Delivery, ()>) -> napi::Result<Arc<Self>> {
        let queue = Queue { waiting: VecDeque::new(), wake: Wake::Idle, last_taken: Instant::now() };
        let queue = Arc::new(Mutex::new(queue));
        let taken = queue.clone();
        let itself: Arc<OnceLock<Weak<Self>>> = Arc::default();
        let known = itself.clone();
        let deliver = deliver
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .callee_handled::<false>()
            .build_callback(move |_| {
                let (batch, is_more) = {
                    let mut queue = lock(&taken);
                    let batch = queue.take();
                    (batch, queue.wake == Wake::Called)
                };
                if is_more && let Some(outbox) = known.get().and_then(Weak::upgrade) {
                    outbox.call();
                }
                let lists = batch.numbers.into_iter().map(Float32Array::new).collect::<Vec<_>>();
                let lists = Some(lists).filter(|lists| !lists.is_empty());
                Ok(FnArgs { data: (batch.text.into_js(), numbers(batch.runs), lists) })
            })?;
        let outbox = Arc::new(Self { queue, deliver, calls: Mutex::default(), next_call: AtomicU32::new(0) });
        itself.get_or_init(|| Arc::downgrade(&outbox));
        Ok(outbox)
    }

    /// Appends `batch`, which is empty afterwards, and sees to it that JavaScript will come for it.
    pub fn push(self: &Arc<Self>, batch: &mut Batch) {
        let is_urgent = std::mem::take(&mut batch.urgent);
        let call_now = {
            let mut queue = lock(&self.queue);
            queue.append(batch);
            let due = queue.last_taken + WINDOW;
            match queue.wake {
                Wake::Called => false,
                Wake::Timer if !is_urgent => false,
                Wake::Idle if !is_urgent && Instant::now() < due => {
                    queue.wake = Wake::Timer;
                    self.call_at(due);
                    false
                }
                Wake::Idle | Wake::Timer => {
                    queue.wake = Wake::Called;
                    true
                }
            }
        };
        if call_now {
            self.call();
        }
    }

    /// Only from a task of the runtime, as all pushing is.
    fn call_at(self: &Arc<Self>, due: Instant) {
        let outbox = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep_until(due).await;
            let call_now = {
                let mut queue = lock(&outbox.queue);
                let is_due = queue.wake == Wake::Timer;
                if is_due {
                    queue.wake = Wake::Called;
                }
                is_due
            };
            if call_now {
                outbox.call();
            }
        });
    }

    fn call(&self) {
        if self.deliver.call((), ThreadsafeFunctionCallMode::NonBlocking) != Status::Ok {
            // The JavaScript thread is gone: nobody waits for any of this.
            self.cancel_all();
        }
    }

    pub fn register(&self, handle: impl FnOnce(u32) -> Handle) -> Arc<Handle> {
        let call = self.next_call.fetch_add(1, Ordering::Relaxed);
        let handle = Arc::new(handle(call));
        lock(&self.calls).insert(call, handle.clone());
        handle
    }

    pub fn forget(&self, call: u32) {
        lock(&self.calls).remove(&call);
    }

    fn find(&self, call: u32) -> Option<Arc<Handle>> {
        lock(&self.calls).get(&call).cloned()
    }

    fn cancel_all(&self) {
        for handle in lock(&self.calls).values() {
            handle.cancel.cancel();
        }
    }
}

impl Queue {
    fn append(&mut self, batch: &mut Batch) {
        match self.waiting.back_mut() {
            Some(last) if last.text.len() < DELIVERY => last.append(batch),
            _ => self.waiting.push_back(std::mem::take(batch)),
        }
    }

    /// On the JavaScript thread: what waits, or the first part of very much.
    fn take(&mut self) -> Batch {
        self.last_taken = Instant::now();
        let taken = self.waiting.pop_front().unwrap_or_default();
        if self.waiting.is_empty() {
            self.wake = Wake::Idle;
        }
        taken
    }
}

/// Memory that V8 does not manage itself is dear to hand over, and numbers one by one are, where there are many.
fn numbers(runs: Vec<u32>) -> Either<Vec<u32>, Uint32Array> {
    const FEW: usize = 32;
    if runs.len() <= FEW { Either::A(runs) } else { Either::B(Uint32Array::new(runs)) }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The JavaScript end: one for each thread.
#[napi(js_name = "Outbox")]
pub struct BindingOutbox {
    pub(crate) outbox: Arc<Outbox>,
}

#[napi]
impl BindingOutbox {
    /// `deliver` must not throw.
    #[napi(constructor)]
    pub fn new(
        #[napi(ts_arg_type = "(text: string, runs: number[] | Uint32Array) => void")] deliver: Function<
            '_,
            Delivery,
            (),
        >,
    ) -> napi::Result<Self> {
        guarded(|| {
            // Started here, so that its threads cost nothing where the package is only imported.
            runtime::handle()?;
            Ok(Self { outbox: Outbox::new(&deliver)? })
        })?
    }

    /// Ends a call as `aborted`. One that has ended is left alone.
    #[napi]
    pub fn cancel(&self, call: u32) -> napi::Result<()> {
        guarded(|| {
            if let Some(handle) = self.outbox.find(call) {
                handle.cancel.cancel();
            }
        })
    }

    /// So much of what was delivered for a call has been taken by its consumer.
    #[napi]
    pub fn consumed(&self, call: u32, units: u32) -> napi::Result<()> {
        guarded(|| {
            if let Some(handle) = self.outbox.find(call) {
                handle.credit.give_back(units as usize);
            }
        })
    }

    /// The answer to an `Ask`; null where the caller's code threw.
    #[napi]
    pub fn reply(&self, call: u32, question: u32, answer: Option<String>) -> napi::Result<()> {
        guarded(|| {
            if let Some(handle) = self.outbox.find(call) {
                handle.reply(question, answer);
            }
        })
    }
}

impl Drop for BindingOutbox {
    /// The thread ends, perhaps in the middle of streams.
    fn drop(&mut self) {
        self.outbox.cancel_all();
    }
}
