//! LOC: a place on Earth (RFC 1876).

use super::super::show;
use super::super::text::{Source, TextError, Token};
use super::field::{Field, field};
use super::reader::{RdataError, Reader, Shown};

/// The equator and the meridian of Greenwich on the wire.
const MIDDLE: u32 = 1 << 31;
/// Centimetres from the wire's zero to the surface of the ellipsoid.
const SURFACE_CM: i64 = 10_000_000;
/// Thousandths of a second of arc in 90 degrees.
const QUARTER: u32 = 90 * 3_600_000;

/// A whole LOC RDATA.
pub(super) const LOCATION: Field = field(show_location, parse_location);

fn show_location(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Shown {
    if reader.u8()? != 0 {
        // Another version has another format.
        reader.rest();
        return Err(RdataError::NoForm);
    }
    let sizes: [u8; 3] = reader.array()?;
    let (latitude, longitude) = (reader.u32()?, reader.u32()?);
    let altitude = i64::from(reader.u32()?) - SURFACE_CM;
    show_angle(latitude, QUARTER, [b'N', b'S'], out)?;
    out.push(b' ');
    show_angle(longitude, 2 * QUARTER, [b'E', b'W'], out)?;
    out.push(b' ');
    if altitude < 0 {
        out.push(b'-');
    }
    show_metres(altitude.unsigned_abs(), true, out);
    for size in sizes {
        let (mantissa, exponent) = (size >> 4, size & 0xF);
        // Nought with an exponent is nought, but would be read back without it.
        if mantissa > 9 || exponent > 9 || (mantissa == 0 && exponent != 0) {
            return Err(RdataError::NoForm);
        }
        out.push(b' ');
        show_metres(u64::from(mantissa) * 10u64.pow(u32::from(exponent)), false, out);
    }
    Ok(())
}

fn parse_location(source: &mut Source<'_, '_>, out: &mut Vec<u8>) -> Result<(), TextError> {
    let latitude = parse_angle(source, QUARTER, ["N", "S"])?;
    let longitude = parse_angle(source, 2 * QUARTER, ["E", "W"])?;
    const ALTITUDE: &str = "an altitude from -100000.00m to 42849672.95m";
    let token = source.token(ALTITUDE)?;
    let altitude = parse_metres(&token)
        .and_then(|cm| u32::try_from(cm + SURFACE_CM).ok())
        .ok_or_else(|| token.expected(ALTITUDE))?;
    // Size, horizontal and vertical precision; the defaults are those of RFC 1876 §3.
    let mut sizes = [0x12, 0x16, 0x13];
    for size in &mut sizes {
        const SIZE: &str = "a size or precision from 0m to 90000000.00m";
        let Some(token) = source.optional()? else { break };
        *size = parse_metres(&token).and_then(power_of_ten).ok_or_else(|| token.expected(SIZE))?;
    }
    out.push(0);
    out.extend(sizes);
    for number in [latitude, longitude, altitude] {
        out.extend(number.to_be_bytes());
    }
    Ok(())
}

/// Degrees, minutes and seconds, the latter two optional, and a letter for the half of the Earth.
fn parse_angle(
    source: &mut Source<'_, '_>,
    limit: u32,
    letters: [&'static str; 2],
) -> Result<u32, TextError> {
    const WHAT: &str = "degrees, minutes and seconds, and then N or S, E or W";
    let mut parts = [0u32; 3];
    let mut given = 0;
    loop {
        let token = source.token(WHAT)?;
        let half = letters
            .iter()
            .position(|letter| given > 0 && token.raw.eq_ignore_ascii_case(letter.as_bytes()));
        if let Some(half) = half {
            let thousandths = parts[0] * 3_600_000 + parts[1] * 60_000 + parts[2];
            if thousandths > limit {
                return Err(token.expected("no more than 90 degrees of latitude, 180 of longitude"));
            }
            return Ok(if half == 0 { MIDDLE + thousandths } else { MIDDLE - thousandths });
        }
        parts[given.min(2)] = match given {
            0 => token.number(WHAT).ok().filter(|&degrees: &u32| degrees <= limit / 3_600_000),
            1 => token.number(WHAT).ok().filter(|&minutes: &u32| minutes < 60),
            2 => token
                .text()
                .and_then(|text| fixed_point(text, 3))
                .and_then(|value| u32::try_from(value).ok())
                .filter(|&thousandths| thousandths < 60_000),
            _ => None,
        }
        .ok_or_else(|| token.expected(WHAT))?;
        given += 1;
    }
}

/// Metres with up to two decimals, `m` behind them or not, in centimetres.
fn parse_metres(token: &Token<'_>) -> Option<i64> {
    let text = token.text()?;
    let text = text.strip_suffix(['m', 'M']).unwrap_or(text);
    match text.strip_prefix('-') {
        Some(text) => fixed_point(text, 2).map(|cm| -cm),
        None => fixed_point(text, 2),
    }
}

/// A decimal number with at most `decimals` digits behind its point, times ten to that power.
fn fixed_point(text: &str, decimals: usize) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > decimals {
        return None;
    }
    let scale = |len: usize| 10i64.pow(len as u32);
    let fraction = if fraction.is_empty() {
        0
    } else {
        fraction.parse::<i64>().ok()? * scale(decimals - fraction.len())
    };
    whole.parse::<i64>().ok()?.checked_mul(scale(decimals))?.checked_add(fraction)
}

/// Centimetres as one digit and a power of ten, rounded down.
fn power_of_ten(cm: i64) -> Option<u8> {
    let mut mantissa = u64::try_from(cm).ok()?;
    let mut exponent = 0;
    while mantissa > 9 {
        mantissa /= 10;
        exponent += 1;
    }
    (exponent <= 9).then_some((mantissa as u8) << 4 | exponent)
}

fn show_angle(angle: u32, limit: u32, letters: [u8; 2], out: &mut Vec<u8>) -> Shown {
    let (thousandths, letter) =
        if angle >= MIDDLE { (angle - MIDDLE, letters[0]) } else { (MIDDLE - angle, letters[1]) };
    if thousandths > limit {
        return Err(RdataError::NoForm);
    }
    show::decimal(thousandths / 3_600_000, out);
    out.push(b' ');
    show::decimal(thousandths / 60_000 % 60, out);
    out.push(b' ');
    show::decimal(thousandths / 1_000 % 60, out);
    out.push(b'.');
    show::padded(u64::from(thousandths % 1_000), 3, out);
    out.extend([b' ', letter]);
    Ok(())
}

fn show_metres(cm: u64, always_cm: bool, out: &mut Vec<u8>) {
    show::decimal(cm / 100, out);
    if always_cm || !cm.is_multiple_of(100) {
        out.push(b'.');
        show::padded(cm % 100, 2, out);
    }
    out.push(b'm');
}
