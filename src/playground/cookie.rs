//! Server cookies: made from what the client sent and when, so that nothing has to be remembered.

use std::net::IpAddr;

use super::dice::mix;

/// Octets of a client cookie (RFC 7873 §4.1).
const CLIENT: usize = 8;

/// What a server cookie is bound to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Of the world: there is nothing to protect, only something to be checked.
    pub secret: u64,
    pub client: IpAddr,
    /// In seconds.
    pub now: u32,
}

/// The client's part of a cookie option; `None` if the option is malformed.
pub(super) fn client(value: &[u8]) -> Option<[u8; CLIENT]> {
    let (&client, server) = value.split_first_chunk()?;
    matches!(server.len(), 0 | 8..=32).then_some(client)
}

impl Place {
    /// Version 1, three octets reserved, the time, and a hash (RFC 9018 §4).
    pub fn server_cookie(&self, client: [u8; CLIENT]) -> [u8; 16] {
        self.made_at(client, self.now)
    }

    /// Whether a cookie option carries a server cookie that was made here.
    pub fn knows(&self, value: &[u8]) -> bool {
        let Some((&client, server)) = value.split_first_chunk::<CLIENT>() else { return false };
        let Ok(server) = <[u8; 16]>::try_from(server) else { return false };
        let made = u32::from_be_bytes([server[4], server[5], server[6], server[7]]);
        server == self.made_at(client, made)
    }

    fn made_at(&self, client: [u8; CLIENT], made: u32) -> [u8; 16] {
        let address = match self.client {
            IpAddr::V4(ip) => u128::from(ip.to_bits()),
            IpAddr::V6(ip) => ip.to_bits(),
        };
        let hash =
            [u64::from_be_bytes(client), made.into(), address as u64, (address >> 64) as u64]
                .into_iter()
                .fold(self.secret, |hash, word| mix(hash ^ word));
        let mut cookie = [0; 16];
        cookie[0] = 1;
        cookie[4..8].copy_from_slice(&made.to_be_bytes());
        cookie[8..].copy_from_slice(&hash.to_be_bytes());
        cookie
    }
}
