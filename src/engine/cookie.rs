//! DNS cookies (RFC 7873): a secret between us and one server, for one run.

use rand::Rng;

use super::config::CookieOption;
use super::exchange::Mismatch;

/// Octets of a client cookie.
const CLIENT: usize = 8;
/// The longest server cookie.
const SERVER: usize = 32;

/// Our cookie for a server, and the server's for us.
#[derive(Debug)]
pub(super) struct Cookie {
    value: [u8; CLIENT + SERVER],
    /// 0 before anything was sent.
    len: u8,
    /// The server has returned our cookie: what comes without it is not from there.
    returned: bool,
}

impl Cookie {
    /// Nothing is drawn yet.
    pub(super) const fn new() -> Self {
        Self { value: [0; CLIENT + SERVER], len: 0, returned: false }
    }

    /// Draws our cookie if that was not done yet.
    #[inline]
    pub(super) fn draw(&mut self, rng: &mut impl Rng) {
        if self.len == 0 {
            rng.fill_bytes(&mut self.value[..CLIENT]);
            self.len = CLIENT as u8;
        }
    }

    /// The value of the option for a query, if it is to have one.
    pub(super) fn value(&self, option: CookieOption) -> Option<&[u8]> {
        match option {
            CookieOption::None => None,
            CookieOption::Client => Some(&self.value[..CLIENT]),
            CookieOption::Full => Some(&self.value[..usize::from(self.len)]),
        }
    }

    /// Reads the option of a response, or that there is none (RFC 7873 §5.3). Over TCP nobody has
    /// to be told from others, and a server that has stopped to know cookies is found out.
    ///
    /// # Errors
    /// Why the response is not from the server.
    pub(super) fn check(&mut self, option: Option<&[u8]>, over_tcp: bool) -> Result<(), Mismatch> {
        let Some(option) = option else {
            self.returned &= !over_tcp;
            return if self.returned { Err(Mismatch::NoCookie) } else { Ok(()) };
        };
        match option.split_at_checked(CLIENT) {
            Some((client, server))
                if client == &self.value[..CLIENT] && matches!(server.len(), 0 | 8..=SERVER) =>
            {
                self.returned = true;
                if !server.is_empty() {
                    self.value[CLIENT..][..server.len()].copy_from_slice(server);
                    self.len = (CLIENT + server.len()) as u8;
                }
                Ok(())
            }
            _ if over_tcp => Ok(()),
            _ => Err(Mismatch::WrongCookie),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn a_cookie_is_expected_once_it_was_returned_and_only_then() {
        let mut rng = StdRng::seed_from_u64(1);
        let (mut cookie, mut other) = (Cookie::new(), Cookie::new());
        cookie.draw(&mut rng);
        other.draw(&mut rng);
        let full = |cookie: &Cookie| cookie.value(CookieOption::Full).unwrap().to_vec();
        let client = full(&cookie);
        assert_eq!(client.len(), 8);
        assert_ne!(client, full(&other), "two servers with one cookie");
        cookie.draw(&mut rng);
        assert_eq!(full(&cookie), client, "another one for the same server");
        assert_eq!(cookie.check(None, false), Ok(()), "this server need not know cookies");
        let long = [&client[..], &[7; 32]].concat();
        assert_eq!(cookie.check(Some(&long[..24]), false), Ok(()));
        assert_eq!(full(&cookie), &long[..24]);
        for (option, error) in [
            (None, Mismatch::NoCookie),
            (Some(&full(&other)[..]), Mismatch::WrongCookie),
            (Some(&long[..7]), Mismatch::WrongCookie),
            (Some(&long[..15]), Mismatch::WrongCookie),
            (Some(&[&long[..], &[7]].concat()), Mismatch::WrongCookie),
        ] {
            assert_eq!(cookie.check(option, false), Err(error), "{option:?}");
        }
        assert_eq!(full(&cookie), &long[..24]);
        assert_eq!(cookie.check(Some(&long), false), Ok(()));
        assert_eq!(full(&cookie), long);
        assert_eq!(cookie.value(CookieOption::Client), Some(&client[..]));
        assert_eq!(cookie.value(CookieOption::None), None);
        // Seen over TCP, the server has stopped to know cookies.
        assert_eq!(cookie.check(None, true), Ok(()));
        assert_eq!(cookie.check(None, false), Ok(()));
    }
}
