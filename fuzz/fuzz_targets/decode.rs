#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| dnsonde_fuzz::decode(octets));
