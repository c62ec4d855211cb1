//! The statuses of a vehicle: which may follow which.
//!
//! A car in the workshop is taken out of it before it is sold, and a car that is sold goes nowhere
//! but back into the stock, when the deal falls through; so nobody promises what is being driven
//! away or stands on a lift.

use super::VehicleStatus;

impl VehicleStatus {
    pub const ALL: [Self; 4] = [Self::Available, Self::Reserved, Self::Sold, Self::InService];

    /// What may follow, in the order in which it is offered.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Available => &[Self::Reserved, Self::Sold, Self::InService],
            Self::Reserved => &[Self::Available, Self::Sold, Self::InService],
            Self::InService | Self::Sold => &[Self::Available, Self::Reserved],
        }
    }

    /// Whether `to` may follow. What is so already may stay so.
    pub fn may_become(self, to: Self) -> bool {
        self == to || self.next().contains(&to)
    }
}
