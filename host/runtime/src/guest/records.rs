//! Deciders' questions and answers, passed a list at a time.
//!
//! wasmtime lowers and lifts a record field by field, and looks up the guest's memory for each. A
//! decision is thousands of records, so here a list is laid out whole and copied once, and an answer
//! is read straight from the guest's memory. What is read is checked as wasmtime checks it: bounds,
//! alignment, UTF-8, and what a guest may have copied at most.
//!
//! The types and their checks against the component are wasmtime's own. Only texts in UTF-8 are
//! known here; a guest that wants another encoding gets wasmtime's way.

use std::{mem::MaybeUninit, str};

use wasmtime::{
    Result, ValRaw, bail,
    component::{
        __internal::{
            CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, LowerContext,
            wasmtime_environ::component::{CanonicalOptions, StringEncoding},
        },
        ComponentExportIndex, ComponentNamedList, ComponentType, InstancePre, Lift, Lower,
    },
};

use super::instance::{Guest, GuestState};
use crate::contract::{
    Alternative, Choice, Credit, Debt, DelegatedCredit, DelegatedShare, JalaliDate, LostOffer,
    NettingPlan, Offer, OpenInvoice, Pair, Payment, PlannedInstallment, Reason, Remark, Selection,
    SpendingPlan, Wallet, WalletShare,
};

/// Where a component has its world's function.
pub(crate) struct Export(ComponentExportIndex);

impl Export {
    pub fn find(pre: &InstancePre<GuestState>, name: &str) -> Result<Self> {
        match pre.component().get_export_index(None, name) {
            Some(index) => Ok(Self(index)),
            None => bail!("it does not export the function `{name}`"),
        }
    }

    /// Calls the function, if its type is the one that is asked for.
    pub async fn call<Parameters, Output>(
        &self,
        guest: &mut Guest,
        parameters: Parameters,
    ) -> Result<Output>
    where
        Parameters: ComponentNamedList + Lower + Send + Sync,
        (Output,): ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let function =
            guest.instance.get_typed_func::<Parameters, (Output,)>(&mut guest.store, &self.0)?;
        let (answer,) = function.call_async(&mut guest.store, parameters).await?;
        Ok(answer)
    }
}

/// A list of records for a guest.
pub(crate) struct Records<'a, T>(pub &'a [T]);

/// What a guest returned, read from its memory.
pub(crate) struct Lifted<T>(pub T);

/// How a value lies in a guest's memory, by the canonical ABI for texts in UTF-8.
pub(crate) trait Layout: Sized {
    const SIZE: usize;
    const ALIGN: usize;

    /// Writes itself to `place`, which has its size and is zeroed, and what it points to to the
    /// guest's memory.
    fn lay_out<T>(&self, cx: &mut LowerContext<'_, T>, place: &mut [u8]) -> Result<()>;

    /// Reads itself from `place`, which has its size.
    fn read(cx: &mut LiftContext<'_>, place: &[u8]) -> Result<Self>;
}

/// Where in a record a field begins that comes after so many bytes.
const fn aligned(offset: usize, align: usize) -> usize {
    offset.next_multiple_of(align)
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Layout for $number {
            const SIZE: usize = size_of::<Self>();
            const ALIGN: usize = size_of::<Self>();

            #[inline]
            fn lay_out<T>(&self, _: &mut LowerContext<'_, T>, place: &mut [u8]) -> Result<()> {
                place.copy_from_slice(&self.to_le_bytes());
                Ok(())
            }

            #[inline]
            fn read(_: &mut LiftContext<'_>, place: &[u8]) -> Result<Self> {
                let mut bytes = [0; size_of::<Self>()];
                bytes.copy_from_slice(place);
                Ok(Self::from_le_bytes(bytes))
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64 f64);

impl Layout for bool {
    const SIZE: usize = 1;
    const ALIGN: usize = 1;

    #[inline]
    fn lay_out<T>(&self, _: &mut LowerContext<'_, T>, place: &mut [u8]) -> Result<()> {
        place[0] = (*self).into();
        Ok(())
    }

    #[inline]
    fn read(_: &mut LiftContext<'_>, place: &[u8]) -> Result<Self> {
        Ok(place[0] != 0)
    }
}

impl<V: Layout> Layout for Option<V> {
    const SIZE: usize = aligned(aligned(1, V::ALIGN) + V::SIZE, V::ALIGN);
    const ALIGN: usize = V::ALIGN;

    #[inline]
    fn lay_out<T>(&self, cx: &mut LowerContext<'_, T>, place: &mut [u8]) -> Result<()> {
        let Some(value) = self else { return Ok(()) };
        place[0] = 1;
        value.lay_out(cx, &mut place[aligned(1, V::ALIGN)..][..V::SIZE])
    }

    #[inline]
    fn read(cx: &mut LiftContext<'_>, place: &[u8]) -> Result<Self> {
        match place[0] {
            0 => Ok(None),
            1 => V::read(cx, &place[aligned(1, V::ALIGN)..][..V::SIZE]).map(Some),
            _ => bail!("invalid option discriminant"),
        }
    }
}

/// Writes where something begins, and how long it is.
#[inline]
fn lay_out_pointer(start: usize, len: usize, place: &mut [u8]) -> Result<()> {
    place[..4].copy_from_slice(&u32::try_from(start)?.to_le_bytes());
    place[4..].copy_from_slice(&u32::try_from(len)?.to_le_bytes());
    Ok(())
}

/// Reads where something begins, and how long it is.
#[inline]
fn read_pointer(cx: &mut LiftContext<'_>, place: &[u8]) -> Result<(usize, usize)> {
    let start = u32::read(cx, &place[..4])?;
    let len = u32::read(cx, &place[4..])?;
    Ok((start as usize, len as usize))
}

impl Layout for String {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;

    #[inline]
    fn lay_out<T>(&self, cx: &mut LowerContext<'_, T>, place: &mut [u8]) -> Result<()> {
        let start = cx.realloc(0, 0, 1, self.len())?;
        cx.as_slice_mut()[start..][..self.len()].copy_from_slice(self.as_bytes());
        lay_out_pointer(start, self.len(), place)
    }

    #[inline]
    fn read(cx: &mut LiftContext<'_>, place: &[u8]) -> Result<Self> {
        let (start, len) = read_pointer(cx, place)?;
        let Some(text) = cx.memory().get(start..).and_then(|rest| rest.get(..len)) else {
            bail!("string pointer/length out of bounds of memory");
        };
        cx.consume_fuel(len)?;
        Ok(str::from_utf8(text)?.to_owned())
    }
}

impl<V: Layout> Layout for Vec<V> {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;

    fn lay_out<T>(&self, cx: &mut LowerContext<'_, T>, place: &mut [u8]) -> Result<()> {
        let start = lay_out_list(cx, self)?;
        lay_out_pointer(start, self.len(), place)
    }

    #[inline]
    fn read(cx: &mut LiftContext<'_>, place: &[u8]) -> Result<Self> {
        let (start, len) = read_pointer(cx, place)?;
        let size = len.checked_mul(V::SIZE);
        let items = size.zip(cx.memory().get(start..)).and_then(|(size, rest)| rest.get(..size));
        let Some(items) = items else { bail!("list pointer/length out of bounds of memory") };
        cx.consume_fuel_array(len, size_of::<V>())?;
        if start % V::ALIGN != 0 {
            bail!("list pointer is not aligned");
        }
        let mut list = Self::with_capacity(len);
        for item in items.chunks_exact(V::SIZE) {
            list.push(V::read(cx, item)?);
        }
        Ok(list)
    }
}

/// Writes a list into the guest's memory; where it begins.
fn lay_out_list<T, V: Layout>(cx: &mut LowerContext<'_, T>, items: &[V]) -> Result<usize> {
    let Some(size) = items.len().checked_mul(V::SIZE) else {
        bail!("size overflow copying a list")
    };
    let start = cx.realloc(0, 0, u32::try_from(V::ALIGN)?, size)?;
    let mut list = vec![0; size];
    for (item, place) in items.iter().zip(list.chunks_exact_mut(V::SIZE)) {
        item.lay_out(cx, place)?;
    }
    cx.as_slice_mut()[start..][..size].copy_from_slice(&list);
    Ok(start)
}

/// The layout of records: their fields in the contract's order.
macro_rules! records {
    ($($record:ident { $($field:ident: $type:ty,)* })*) => {$(
        impl Layout for $record {
            const ALIGN: usize = {
                let mut align = 1;
                $(if <$type>::ALIGN > align {
                    align = <$type>::ALIGN;
                })*
                align
            };
            const SIZE: usize = {
                let mut end = 0;
                $(end = aligned(end, <$type>::ALIGN) + <$type>::SIZE;)*
                aligned(end, Self::ALIGN)
            };

            #[inline]
            fn lay_out<T>(&self, cx: &mut LowerContext<'_, T>, place: &mut [u8]) -> Result<()> {
                let place = &mut place[..Self::SIZE];
                let mut end = 0;
                $(
                    let start = aligned(end, <$type>::ALIGN);
                    end = start + <$type>::SIZE;
                    self.$field.lay_out(cx, &mut place[start..end])?;
                )*
                debug_assert!(end <= Self::SIZE);
                Ok(())
            }

            #[inline]
            fn read(cx: &mut LiftContext<'_>, place: &[u8]) -> Result<Self> {
                let place = &place[..Self::SIZE];
                let mut end = 0;
                $(
                    let start = aligned(end, <$type>::ALIGN);
                    end = start + <$type>::SIZE;
                    let $field = <$type>::read(cx, &place[start..end])?;
                )*
                debug_assert!(end <= Self::SIZE);
                Ok(Self { $($field),* })
            }
        }

        const _: () = {
            let CanonicalAbiInfo { size32, align32, .. } = <$record as ComponentType>::ABI;
            assert!($record::SIZE == size32 as usize && $record::ALIGN == align32 as usize);
        };
    )*};
}

records! {
    Alternative { choice: String, rule: String, amounts: Vec<u64>, }
    Reason { rule: String, amounts: Vec<u64>, alternatives: Vec<Alternative>, }
    Remark { invoice_id: u64, reason: Reason, }

    Debt { id: u64, payable_amount: u64, issuer_id: Option<u64>, issuance_date: Option<u64>, }
    Credit {
        id: u64,
        payable_amount: u64,
        issuer_id: Option<u64>,
        user_id: Option<u64>,
        payment_date: Option<u64>,
    }
    Pair { creditor_invoice_id: u64, debtor_invoice_id: u64, reason: Option<Reason>, }
    NettingPlan { pairs: Vec<Pair>, still_owed: Vec<Remark>, kept_out: Vec<Remark>, }

    OpenInvoice {
        id: u64,
        payable_amount: u64,
        guild_code: Option<String>,
        issuer_id: Option<u64>,
        issuance_date: Option<u64>,
    }
    DelegatedCredit {
        delegator_id: u64,
        hash: String,
        remaining_amount: u64,
        guild_code: Option<String>,
        expires_at: Option<u64>,
    }
    Wallet { code: String, balance: u64, }
    DelegatedShare { delegator_id: u64, hash: String, rials: u64, }
    WalletShare { code: String, rials: u64, }
    Payment {
        invoice_id: u64,
        delegations: Vec<DelegatedShare>,
        wallet: Option<WalletShare>,
        force_delegation: bool,
        reason: Option<Reason>,
    }
    SpendingPlan { payments: Vec<Payment>, unpaid: Vec<Remark>, }

    Offer {
        contract_id: u64,
        contract_name: Option<String>,
        plan_id: u64,
        plan_name: Option<String>,
        active: bool,
        installments: Option<u32>,
        interest_rate: Option<f64>,
        guarantor: Option<String>,
        max_breathing_period_count: u32,
        end_date: Option<u64>,
        customer_credit: Option<u64>,
        loan_grantor_ceiling: Option<u64>,
    }
    JalaliDate { year: u16, month: u8, day: u8, }
    PlannedInstallment { amount: u64, due_date: JalaliDate, }
    Choice {
        contract_id: u64,
        plan_id: u64,
        primary_amount: u64,
        breathing_period_count: u32,
        total_cost: u64,
        installments: Vec<PlannedInstallment>,
        reason: Option<Reason>,
    }
    LostOffer { contract_id: u64, plan_id: u64, reason: Reason, }
    Selection { choice: Option<Choice>, lost: Vec<LostOffer>, }
}

fn is_known(options: &CanonicalOptions) -> bool {
    options.string_encoding == StringEncoding::Utf8
}

// SAFETY: every item is the list's own, so type check, size, alignment and flat representation
// agree with one another exactly as they do for the list.
unsafe impl<T: ComponentType> ComponentType for Records<'_, T> {
    type Lower = <[T] as ComponentType>::Lower;
    const ABI: CanonicalAbiInfo = <[T]>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        <[T]>::typecheck(ty, types)
    }
}

// SAFETY: a list's flat representation is where it begins and how long it is, and these are
// written; all else is the list's own.
unsafe impl<T: Lower + Layout> Lower for Records<'_, T> {
    fn linear_lower_to_flat<U>(
        &self,
        cx: &mut LowerContext<'_, U>,
        ty: InterfaceType,
        dst: &mut MaybeUninit<Self::Lower>,
    ) -> Result<()> {
        if !is_known(cx.options()) {
            return self.0.linear_lower_to_flat(cx, ty, dst);
        }
        let start = lay_out_list(cx, self.0)?;
        let number = |number: usize| i64::try_from(number).map(ValRaw::i64);
        dst.write([number(start)?, number(self.0.len())?]);
        Ok(())
    }

    fn linear_lower_to_memory<U>(
        &self,
        cx: &mut LowerContext<'_, U>,
        ty: InterfaceType,
        offset: usize,
    ) -> Result<()> {
        self.0.linear_lower_to_memory(cx, ty, offset)
    }
}

// SAFETY: every item is the answer's own.
unsafe impl<T: ComponentType> ComponentType for Lifted<T> {
    type Lower = T::Lower;
    const ABI: CanonicalAbiInfo = T::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        T::typecheck(ty, types)
    }
}

// SAFETY: what is read was written by the guest as the type that was checked; `Layout` trusts
// nothing of it.
unsafe impl<T: Lift + Layout> Lift for Lifted<T> {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        src: &Self::Lower,
    ) -> Result<Self> {
        T::linear_lift_from_flat(cx, ty, src).map(Self)
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        bytes: &[u8],
    ) -> Result<Self> {
        if is_known(cx.options()) {
            T::read(cx, bytes).map(Self)
        } else {
            T::linear_lift_from_memory(cx, ty, bytes).map(Self)
        }
    }
}
