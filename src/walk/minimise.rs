//! How many labels of a name a server gets to see (RFC 9156).

use crate::wire::NameBuf;

/// Steps of one label before several are taken at once (MINIMISE_ONE_LAB).
const SINGLE: usize = 4;
/// Most steps from one zone cut to a name (MAX_MINIMISE_COUNT), the name itself included: names of
/// very many labels must not cost as many queries.
const MOST: usize = 10;

/// The names to ask for on the way from `zone` down to `name`: without both, from the shortest.
pub(super) fn steps(zone: &NameBuf, name: &NameBuf) -> Vec<NameBuf> {
    let above = zone.labels().count();
    let total = name.labels().count();
    let missing = total.saturating_sub(above);
    let mut depths = Vec::new();
    let single = if missing <= MOST { missing } else { SINGLE };
    depths.extend((1..=single).map(|step| above + step));
    let rest = missing - single;
    let jumps = MOST - SINGLE;
    depths.extend((1..=jumps).filter(|_| rest > 0).map(|i| above + single + rest * i / jumps));
    depths.into_iter().filter(|&depth| depth < total).map(|depth| ancestor(name, depth)).collect()
}

/// The last `depth` labels of a name.
fn ancestor(name: &NameBuf, depth: usize) -> NameBuf {
    let mut name = *name;
    for _ in depth..name.labels().count() {
        name = name.parent().unwrap_or(NameBuf::root());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(zone: &str, name: &str) -> Vec<String> {
        steps(&zone.parse().unwrap(), &name.parse().unwrap())
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn one_label_at_a_time_and_the_full_name_is_left_to_the_caller() {
        assert_eq!(shown(".", "a.b.c"), ["c.", "b.c."]);
        assert_eq!(shown("b.c", "a.b.c"), [""; 0]);
        assert_eq!(shown("a.b.c", "a.b.c"), [""; 0]);
    }

    #[test]
    fn a_name_of_many_labels_takes_at_most_ten_questions() {
        let steps = shown(".", &["x"; 100].join("."));
        assert_eq!(steps.len(), 9);
        assert_eq!(steps[..3], ["x.", "x.x.", "x.x.x."]);
    }
}
