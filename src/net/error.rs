//! What can go wrong between this program and the local system.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::engine::Refusal;

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The family of an address.
    pub const fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// Why the driver cannot work. What concerns one message only is no error here but the outcome of
/// its attempt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// The process or the system has no file descriptors left.
    #[error("cannot open {what} {nth} of {wanted}: {NO_DESCRIPTORS}")]
    NoDescriptors {
        /// What was to be opened.
        what: &'static str,
        /// Which one of them, from 1.
        nth: u16,
        /// How many are wanted.
        wanted: u16,
    },
    /// The system does not let us.
    #[error("no permission to open a {what} for {family}: allow it network access ({source})")]
    Permission {
        /// What was to be opened.
        what: &'static str,
        /// For which family.
        family: Family,
        /// The system's error.
        source: io::Error,
    },
    /// The system does not have the address family.
    #[error("this system has no {family}: leave out servers with {family} addresses ({source})")]
    NoFamily {
        /// The family.
        family: Family,
        /// The system's error.
        source: io::Error,
    },
    /// The local address to send from is not one of this machine.
    #[error("cannot send from {addr}: it is not an address of this machine ({source})")]
    BindAddress {
        /// The address.
        addr: IpAddr,
        /// The system's error.
        source: io::Error,
    },
    /// A server has another family than the local address to send from.
    #[error(
        "cannot reach server {server} from local address {bind}: they are of different families"
    )]
    BindFamily {
        /// The server.
        server: SocketAddr,
        /// The local address.
        bind: IpAddr,
    },
    /// A socket cannot be opened for another reason.
    #[error("cannot open {what} {nth} of {wanted} for {family}: {source}")]
    Open {
        /// What was to be opened.
        what: &'static str,
        /// Which one of them, from 1.
        nth: u16,
        /// How many are wanted.
        wanted: u16,
        /// For which family.
        family: Family,
        /// The system's error.
        source: io::Error,
    },
    /// The system does not tell us when sockets are ready.
    #[error("cannot watch the sockets for events: {0}")]
    Watch(#[source] io::Error),
    /// A socket cannot be read any more.
    #[error("cannot receive on local UDP port {port}: {source}")]
    Receive {
        /// The local port.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// There is no tokio runtime.
    #[error("a driver must be opened within a tokio runtime that has I/O and time enabled")]
    NoRuntime,
}

impl NetError {
    /// Whether only servers of one address family cannot be asked, and others may be.
    pub const fn is_of_family(&self) -> bool {
        matches!(self, Self::NoFamily { .. } | Self::BindFamily { .. })
    }

    /// Sorts an error of opening socket `nth` (from 0) of `wanted`.
    pub(super) fn open(
        source: io::Error,
        what: &'static str,
        nth: u16,
        wanted: u16,
        family: Family,
        bind: Option<IpAddr>,
    ) -> Self {
        let nth = nth + 1;
        if is_out_of_descriptors(&source) {
            return Self::NoDescriptors { what, nth, wanted };
        }
        match (source.kind(), bind) {
            (io::ErrorKind::PermissionDenied, _) => Self::Permission { what, family, source },
            (io::ErrorKind::AddrNotAvailable, Some(addr)) => Self::BindAddress { addr, source },
            // The unspecified address is missing only if the family is.
            (io::ErrorKind::Unsupported | io::ErrorKind::AddrNotAvailable, _) => {
                Self::NoFamily { family, source }
            }
            _ if is_unknown_family(&source) => Self::NoFamily { family, source },
            _ => Self::Open { what, nth, wanted, family, source },
        }
    }
}

/// The system's error number for a peer that does not answer.
pub(super) const TIMED_OUT: i32 = {
    #[cfg(unix)]
    let code = libc::ETIMEDOUT;
    #[cfg(not(unix))]
    let code = 10_060; // WSAETIMEDOUT
    code
};

/// The system's error numbers for a process, or a system, that has no file descriptors left.
pub(crate) const OUT_OF_DESCRIPTORS: &[i32] = {
    #[cfg(unix)]
    let codes = &[libc::EMFILE, libc::ENFILE];
    #[cfg(windows)]
    let codes = &[10_024]; // WSAEMFILE
    #[cfg(not(any(unix, windows)))]
    let codes = &[];
    codes
};

/// What they mean.
pub(crate) const NO_DESCRIPTORS: &str = "no file descriptors left";

/// Whether the process or the system has no file descriptors left.
pub(crate) fn is_out_of_descriptors(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| OUT_OF_DESCRIPTORS.contains(&code))
}

/// What it means that the system did not send a message, by its error number.
pub(crate) fn refusal(errno: i32) -> Refusal {
    use io::ErrorKind::{
        AddrNotAvailable, HostUnreachable, NetworkDown, NetworkUnreachable, OutOfMemory,
        PermissionDenied,
    };
    #[cfg(unix)]
    let codes = [libc::ENOBUFS];
    #[cfg(windows)]
    let codes = [10_055]; // WSAENOBUFS
    #[cfg(not(any(unix, windows)))]
    let codes = [];
    let of_machine = codes.contains(&errno)
        || matches!(
            io::Error::from_raw_os_error(errno).kind(),
            AddrNotAvailable
                | HostUnreachable
                | NetworkDown
                | NetworkUnreachable
                | OutOfMemory
                | PermissionDenied
        );
    if of_machine { Refusal::OfMachine } else { Refusal::OfMessage }
}

fn is_unknown_family(error: &io::Error) -> bool {
    #[cfg(unix)]
    let codes = [libc::EAFNOSUPPORT];
    #[cfg(windows)]
    let codes = [10_047]; // WSAEAFNOSUPPORT
    #[cfg(not(any(unix, windows)))]
    let codes = [];
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sentence(errno: i32, bind: Option<IpAddr>) -> String {
        let error = io::Error::from_raw_os_error(errno);
        NetError::open(error, "UDP socket", 12, 16, Family::V6, bind).to_string()
    }

    #[test]
    fn a_refusal_is_of_the_machine_unless_the_message_or_its_destination_is_to_blame() {
        for errno in [
            libc::EPERM,
            libc::EACCES,
            libc::ENOBUFS,
            libc::ENETDOWN,
            libc::ENETUNREACH,
            libc::EHOSTUNREACH,
            libc::EADDRNOTAVAIL,
        ] {
            assert_eq!(refusal(errno), Refusal::OfMachine, "{errno}");
        }
        for errno in [0, libc::EINVAL, libc::EMSGSIZE, libc::ECONNREFUSED] {
            assert_eq!(refusal(errno), Refusal::OfMessage, "{errno}");
        }
    }

    #[test]
    fn errors_say_what_where_and_what_to_do() {
        let bind = Some(IpAddr::from([192, 0, 2, 1]));
        for (errno, bind, expected) in [
            (libc::EMFILE, None, "cannot open UDP socket 13 of 16: no file descriptors left"),
            (libc::EACCES, None, "no permission to open a UDP socket for IPv6"),
            (libc::EPERM, None, "no permission to open a UDP socket for IPv6"),
            (libc::EAFNOSUPPORT, None, "this system has no IPv6: leave out servers"),
            (libc::EADDRNOTAVAIL, bind, "192.0.2.1: it is not an address of this machine"),
            (libc::ENOBUFS, None, "cannot open UDP socket 13 of 16 for IPv6: "),
        ] {
            let sentence = sentence(errno, bind);
            assert!(sentence.contains(expected), "{sentence}");
        }
    }
}
