//! The system calls that move datagrams on Linux: many per call, segmented by the kernel, with the
//! kernel's word on when they came, how many were lost, and what ICMP said.
//!
//! With the files below it, this is the one place with `unsafe`. Slices and plain values go in and come out; raw pointers
//! live for one system call and never leave the function that made them. Nothing here waits,
//! allocates in a call, or judges what it read.

#![allow(unsafe_code)]

mod address;
mod batch;
mod control;
mod error_queue;
mod option;
mod poller;
pub(crate) mod process;
mod receive;
mod send;
mod uptime;

pub(super) use batch::BATCH;
pub(super) use error_queue::{QueuedError, receive_error};
pub(super) use option::{
    enable_coalescing, enable_error_queue, enable_overflow_count, enable_timestamps, force_buffers,
    knows_segmentation, overflow_count,
};
pub(super) use poller::{Poller, Ready};
pub(super) use receive::Inbox;
pub(super) use send::{Outgoing, send};
pub(super) use uptime::since_boot;
