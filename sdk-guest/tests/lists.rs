//! A list is walked to its end, no item is skipped, and no page is fetched in vain.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use pod_sdk::{
    Error, each,
    error::Denial,
    invoices::GetInvoiceListRequest,
    list::{List, Place},
    loans::LoanListRequest,
};

/// What a platform lists: ids, and whether they still match.
#[derive(Clone, Default)]
struct Book {
    ids: Rc<RefCell<BTreeMap<u64, bool>>>,
    fetched: Rc<RefCell<Vec<String>>>,
}

impl Book {
    fn of(ids: impl IntoIterator<Item = u64>) -> Self {
        let book = Self::default();
        book.ids.borrow_mut().extend(ids.into_iter().map(|id| (id, true)));
        book
    }

    /// Takes an id out of the list, as a payment does.
    fn pay(&self, id: u64) {
        self.ids.borrow_mut().insert(id, false);
    }

    fn fetched(&self) -> Vec<String> {
        self.fetched.take()
    }

    fn page(
        &self,
        request: String,
        offset: u64,
        size: u32,
        within: impl Fn(u64) -> bool,
        up: bool,
    ) -> (u64, Vec<u64>) {
        self.fetched.borrow_mut().push(request);
        let ids = self.ids.borrow();
        let mut matches: Vec<u64> =
            ids.iter().filter(|(_, open)| **open).map(|(id, _)| *id).collect();
        let count = matches.len() as u64;
        matches.retain(|id| within(*id));
        if !up {
            matches.reverse();
        }
        (count, matches.into_iter().skip(offset as usize).take(size as usize).collect())
    }
}

/// The contract's request, answered by a book.
struct Invoices(GetInvoiceListRequest, Book);

impl List for Invoices {
    type Item = u64;

    fn fetch(&self) -> Result<(u64, Vec<u64>), Error> {
        let GetInvoiceListRequest { offset, first_id, last_id, size, .. } = self.0;
        let one = [offset, first_id, last_id].iter().flatten().count();
        assert_eq!(one, 1, "POD takes exactly one of the three");
        let request = format!("{offset:?} {first_id:?} {last_id:?}").replace("None", "-");
        let within =
            |id| first_id.is_none_or(|first| id >= first) && last_id.is_none_or(|last| id <= last);
        Ok(self.1.page(request, offset.unwrap_or(0), size, within, first_id.is_some()))
    }

    fn size(&mut self) -> &mut u32 {
        self.0.size()
    }

    fn place(&mut self) -> Place<'_, u64> {
        match self.0.place() {
            Place::Id { offset, first, last, .. } => {
                Place::Id { offset, first, last, id: |id| *id }
            }
            Place::Offset(_) => panic!("invoices are walked by ids"),
        }
    }
}

/// A request without a cursor.
struct Loans(LoanListRequest, Book);

impl List for Loans {
    type Item = u64;

    fn fetch(&self) -> Result<(u64, Vec<u64>), Error> {
        let LoanListRequest { offset, size, .. } = self.0;
        Ok(self.1.page(offset.to_string(), offset, size, |_| true, false))
    }

    fn size(&mut self) -> &mut u32 {
        self.0.size()
    }

    fn place(&mut self) -> Place<'_, u64> {
        match self.0.place() {
            Place::Offset(offset) => Place::Offset(offset),
            Place::Id { .. } => panic!("loans are walked by offset"),
        }
    }
}

fn by(size: u32) -> GetInvoiceListRequest {
    GetInvoiceListRequest { size, ..Default::default() }
}

fn ids<R: List<Item = u64>>(request: R) -> Vec<u64> {
    each(request).map(|id| id.expect("the book answers")).collect()
}

#[test]
fn paying_what_is_listed_skips_none() {
    let book = Book::of(1..=7);
    let mut seen = Vec::new();
    for id in each(Invoices(by(2), book.clone())) {
        let id = id.unwrap();
        book.pay(id);
        seen.push(id);
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(book.fetched(), ["Some(0) - -", "- - Some(5)", "- - Some(3)", "- - Some(1)"]);
}

#[test]
fn a_page_is_fetched_when_it_is_needed() {
    let book = Book::of(1..=4);
    let mut invoices = each(Invoices(by(2), book.clone()));
    assert_eq!(invoices.total(), None);
    assert_eq!(book.fetched(), [""; 0]);
    invoices.next();
    invoices.next();
    assert_eq!(invoices.total(), Some(4));
    assert_eq!(book.fetched().len(), 1);
    assert_eq!(invoices.by_ref().count(), 2);
    assert_eq!(book.fetched().len(), 1, "the count says that this was all");
    assert!(invoices.next().is_none());
}

#[test]
fn a_walk_begins_where_its_request_does() {
    let book = Book::of([10, 20, 30, 40, 50]);
    let from = |first_id| GetInvoiceListRequest { first_id, ..by(2) };
    assert_eq!(ids(Invoices(from(Some(20)), book.clone())), [20, 30, 40, 50]);
    assert_eq!(book.fetched(), ["- Some(20) -", "- Some(31) -", "- Some(51) -"]);

    let up_to = |last_id| GetInvoiceListRequest { last_id, ..by(2) };
    assert_eq!(ids(Invoices(up_to(Some(40)), book.clone())), [40, 30, 20, 10]);
    book.fetched();

    let behind = |offset| GetInvoiceListRequest { offset, ..by(2) };
    assert_eq!(ids(Invoices(behind(Some(1)), book.clone())), [40, 30, 20, 10]);
    assert_eq!(book.fetched(), ["Some(1) - -", "- - Some(29)"]);
}

#[test]
fn a_list_without_a_cursor_is_walked_by_offset() {
    let book = Book::of(1..=5);
    let loans = LoanListRequest { size: 2, ..Default::default() };
    assert_eq!(ids(Loans(loans, book.clone())), [5, 4, 3, 2, 1]);
    assert_eq!(book.fetched(), ["0", "2", "4"]);
    let loans = LoanListRequest { offset: 4, ..Default::default() };
    assert_eq!(ids(Loans(loans, book.clone())), [1]);
    assert_eq!(book.fetched(), ["4"]);
}

#[test]
fn nothing_is_a_list_too() {
    let book = Book::default();
    assert_eq!(ids(Invoices(by(0), book.clone())), [0; 0]);
    assert_eq!(book.fetched().len(), 1);
    assert_eq!(ids(Invoices(by(0), Book::of([0]))), [0]);
}

/// Answers a page, then an error.
struct Broken {
    offset: u64,
    size: u32,
}

impl List for Broken {
    type Item = u64;

    fn fetch(&self) -> Result<(u64, Vec<u64>), Error> {
        match self.offset {
            0 => Ok((9, vec![1, 2])),
            _ => Err(denied()),
        }
    }

    fn size(&mut self) -> &mut u32 {
        &mut self.size
    }

    fn place(&mut self) -> Place<'_, u64> {
        Place::Offset(&mut self.offset)
    }
}

fn denied() -> Error {
    Error::Denied(Denial { function: "loans.loan-list".into(), reason: "no".into() })
}

#[test]
fn an_error_is_the_last_item() {
    let mut broken = each(Broken { offset: 0, size: 2 });
    assert_eq!(broken.by_ref().take(3).collect::<Vec<_>>(), [Ok(1), Ok(2), Err(denied())]);
    assert_eq!(broken.next(), None);
}
