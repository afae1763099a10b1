//! The OPT record as zdns takes it apart.

use std::net::IpAddr;

use crate::report::json::{Object, key, plain};
use crate::wire::{EdeCode, Opt, OptionCode, OptionValue, write_decimal, write_hex};

/// The OPT record, which zdns shows among the additionals; of an option that comes twice, the first.
pub(super) fn write_edns(opt: &Opt<'_>, object: &mut Object<'_>) {
    let option = |wanted| opt.options().find(|(code, _)| *code == wanted).map(|(_, value)| value);
    let errors = || opt.options().filter_map(|(code, value)| extended_error(code, value));
    if errors().next().is_some() {
        object.array(key!("ede"), |array| {
            for (code, text) in errors() {
                array.object(|object| {
                    let purpose = code.mnemonic().unwrap_or_default();
                    object.string(key!("error_text"), purpose.as_bytes());
                    object.string(key!("extra_text"), text);
                    object.number(key!("info_code"), code.0);
                });
            }
        });
    }
    object.word(key!("flags"), if opt.dnssec_ok() { plain!("do") } else { plain!("") });
    if let Some(nsid) = option(OptionCode::NSID) {
        object.object(key!("nsid"), |object| object.string(key!("nsid"), nsid));
    }
    if let Some(cookie) = option(OptionCode::COOKIE) {
        object.object(key!("cookie"), |object| {
            object.text(key!("cookie"), |out| write_hex(cookie, out));
        });
    }
    if let Some(subnet) = option(OptionCode::ECS) {
        write_client_subnet(subnet, object);
    }
    object.text(key!("type"), |out| {
        out.extend_from_slice(b"EDNS");
        write_decimal(opt.version(), out);
    });
    object.number(key!("udpsize"), opt.udp_payload_size());
    object.number(key!("version"), opt.version());
}

fn extended_error(code: OptionCode, value: &[u8]) -> Option<(EdeCode, &[u8])> {
    let (info_code, text) = value.split_first_chunk::<2>()?;
    (code == OptionCode::EDE).then_some((EdeCode(u16::from_be_bytes(*info_code)), text))
}

fn write_client_subnet(value: &[u8], object: &mut Object<'_>) {
    let Ok(OptionValue::ClientSubnet { family, source_prefix, scope_prefix, address }) =
        OptionValue::parse(OptionCode::ECS, value)
    else {
        return;
    };
    let address: IpAddr = if family == 1 {
        let mut octets = [0; 4];
        octets.iter_mut().zip(address).for_each(|(octet, &given)| *octet = given);
        octets.into()
    } else {
        let mut octets = [0; 16];
        octets.iter_mut().zip(address).for_each(|(octet, &given)| *octet = given);
        octets.into()
    };
    object.object(key!("csubnet"), |object| {
        object.word(key!("address"), address);
        object.number(key!("family"), family);
        object.number(key!("source_netmask"), source_prefix);
        object.number(key!("source_scope"), scope_prefix);
    });
}
