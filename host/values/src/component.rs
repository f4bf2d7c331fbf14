//! The component model's view of the types that are written by hand: to a guest, a [`Rial`] and
//! an [`Instant`] are the `u64` that the WIT files say they are.

use std::mem::MaybeUninit;

use wasmtime::{
    Result,
    component::{
        __internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, LowerContext},
        ComponentType, Lift, Lower,
    },
};

use crate::{Instant, Rial};

macro_rules! passes_as_u64 {
    ($type:ident) => {
        // SAFETY: every item is `u64`'s own, so type check, size, alignment and flat
        // representation agree with one another exactly as they do for `u64`.
        unsafe impl ComponentType for $type {
            type Lower = <u64 as ComponentType>::Lower;
            const ABI: CanonicalAbiInfo = u64::ABI;
            const MAY_REQUIRE_REALLOC: bool = u64::MAY_REQUIRE_REALLOC;

            fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
                u64::typecheck(ty, types)
            }
        }

        // SAFETY: both functions hand the inner `u64` to `u64`'s own implementation, which writes
        // exactly what `ComponentType` above (also `u64`'s) promises.
        unsafe impl Lower for $type {
            fn linear_lower_to_flat<T>(
                &self,
                cx: &mut LowerContext<'_, T>,
                ty: InterfaceType,
                dst: &mut MaybeUninit<Self::Lower>,
            ) -> Result<()> {
                self.0.linear_lower_to_flat(cx, ty, dst)
            }

            fn linear_lower_to_memory<T>(
                &self,
                cx: &mut LowerContext<'_, T>,
                ty: InterfaceType,
                offset: usize,
            ) -> Result<()> {
                self.0.linear_lower_to_memory(cx, ty, offset)
            }
        }

        // SAFETY: both functions return what `u64`'s own implementation reads; every `u64` is a
        // valid value of this type.
        unsafe impl Lift for $type {
            fn linear_lift_from_flat(
                cx: &mut LiftContext<'_>,
                ty: InterfaceType,
                src: &Self::Lower,
            ) -> Result<Self> {
                u64::linear_lift_from_flat(cx, ty, src).map(Self)
            }

            fn linear_lift_from_memory(
                cx: &mut LiftContext<'_>,
                ty: InterfaceType,
                bytes: &[u8],
            ) -> Result<Self> {
                u64::linear_lift_from_memory(cx, ty, bytes).map(Self)
            }
        }
    };
}

passes_as_u64!(Rial);
passes_as_u64!(Instant);
