//! Work that waits for several answers at the same time.

use std::cell::Cell;

use futures_util::FutureExt;
use futures_util::future::join_all;

/// Runs futures at the same time, and returns their outcomes in their order.
pub(crate) async fn all<F: Future>(futures: impl ExactSizeIterator<Item = F>) -> Vec<F::Output> {
    let outcomes: Vec<Cell<Option<F::Output>>> = (0..futures.len()).map(|_| Cell::new(None)).collect();
    // Without a type of their own, so that `join_all` is compiled once.
    let boxed = futures
        .zip(&outcomes)
        .map(|(future, outcome)| async move { outcome.set(Some(future.await)) }.boxed_local());
    join_all(boxed).await;
    outcomes.into_iter().filter_map(Cell::into_inner).collect()
}
