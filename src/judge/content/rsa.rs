//! The size and the soundness of an RSA public key in DER.

use pkcs1::RsaPublicKeyRef;
use pkcs1::der::asn1::AnyRef;
use pkcs1::der::{Decode, Tag, Tagged};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

/// id-Ed25519 (RFC 8410 §3).
pub(super) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// What a public key in DER is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Encoded {
    /// An RSA key.
    Rsa {
        /// The length of its modulus in bits.
        bits: usize,
        /// Whether it stands alone, not in a SubjectPublicKeyInfo.
        bare: bool,
        /// What makes it no RSA key at all, if anything.
        unsound: Option<&'static str>,
    },
    /// A key of another algorithm.
    Other(ObjectIdentifier),
}

/// Reads a SubjectPublicKeyInfo (RFC 5280 §4.1), or an RSAPublicKey alone (RFC 8017 §A.1.1):
/// RFC 6376 §3.6.1 says the one in its text and the other in its examples.
pub(super) fn read(der: &[u8]) -> Result<Encoded, String> {
    let info = match SubjectPublicKeyInfoRef::from_der(der) {
        Ok(info) => info,
        Err(error) => {
            return match RsaPublicKeyRef::from_der(der) {
                Ok(key) => Ok(rsa(&key, true)),
                Err(_) => Err(error.to_string()),
            };
        }
    };
    if info.algorithm.oid != pkcs1::ALGORITHM_OID {
        return Ok(Encoded::Other(info.algorithm.oid));
    }
    let is_null = |parameters: AnyRef<'_>| parameters.tag() == Tag::Null;
    if info.algorithm.parameters.is_some_and(|parameters| !is_null(parameters)) {
        return Err("the parameters of the algorithm are not NULL".to_owned());
    }
    let key = info.subject_public_key.as_bytes().ok_or("the key is not whole octets")?;
    let key = RsaPublicKeyRef::from_der(key).map_err(|error| error.to_string())?;
    Ok(rsa(&key, false))
}

/// The octets that a key in DER has by its own account, if fewer are there (X.690 §8.1.3).
pub(super) fn missing(der: &[u8]) -> Option<usize> {
    let [0x30, length, rest @ ..] = der else { return None };
    let said = match length {
        0..=0x7F => 2 + usize::from(*length),
        0x81 => 3 + usize::from(*rest.first()?),
        0x82 => 4 + usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])),
        _ => return None,
    };
    (said > der.len()).then_some(said)
}

fn rsa(key: &RsaPublicKeyRef<'_>, bare: bool) -> Encoded {
    let (modulus, exponent) = (key.modulus.as_bytes(), key.public_exponent.as_bytes());
    let bits =
        modulus.first().map_or(0, |first| modulus.len() * 8 - first.leading_zeros() as usize);
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
    let unsound = if !is_odd(modulus) {
        Some("its modulus is even")
    } else if !is_odd(exponent) || exponent == [1] {
        Some("its exponent is even or 1")
    } else {
        None
    };
    Encoded::Rsa { bits, bare, unsound }
}
