/// Those of `names` that `name` may have meant, the likeliest first; a few at most.
pub(super) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    const SHOWN: usize = 3;
    // Longer ones are compared by their beginnings: it takes time by the product of the lengths.
    const COMPARED: usize = 128;
    let plain = |name: &str| name.to_lowercase().chars().take(COMPARED).collect::<Vec<_>>();
    let wanted = plain(name);
    let mut near: Vec<(usize, &str)> = names
        .filter_map(|known| {
            let other = plain(known);
            let (short, long) =
                if other.len() < wanted.len() { (&other, &wanted) } else { (&wanted, &other) };
            let is_part = short.len() > 2 && long.windows(short.len()).any(|part| part == short.as_slice());
            let distance = if is_part { 1 } else { distance(&wanted, &other) };
            (3 * distance <= long.len() || is_part).then_some((distance, known))
        })
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().take(SHOWN).map(|(_, known)| known).collect()
}

/// Levenshtein's: how many characters are to be inserted, left out or replaced.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, character) in one.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (left, known) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(character != known);
            diagonal = row[left + 1];
            row[left + 1] = replaced.min(diagonal + 1).min(row[left] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, names: &[&'static str]) -> Vec<&'static str> {
        nearest(name, names.iter().copied())
    }

    #[test]
    fn names_are_near_by_few_letters() {
        let names = ["qwen2.5-coder", "llama3.1", "gpt-oss-20b"];
        assert_eq!(of("qwen2.5-codr", &names), ["qwen2.5-coder"]);
        assert_eq!(of("LLAMA3.2", &names), ["llama3.1"]);
        assert_eq!(of("mistral-large", &names), [""; 0]);
    }

    #[test]
    fn names_are_near_that_hold_one_another() {
        let names = ["qwen/qwen3-8b", "llama3:8b-instruct-q4_K_M"];
        assert_eq!(of("llama3", &names), ["llama3:8b-instruct-q4_K_M"]);
        assert_eq!(of("openrouter/qwen/qwen3-8b", &names), ["qwen/qwen3-8b"]);
    }

    #[test]
    fn the_nearest_comes_first_and_a_few_suffice() {
        assert_eq!(of("model-a", &["model-abc", "model-b", "model-x", "model-y"]).len(), 3);
        assert_eq!(of("abcdef", &["abcxyf", "abcdeg"]), ["abcdeg", "abcxyf"]);
    }

    #[test]
    fn distances_are_those_of_the_book() {
        let distance = |one: &str, other: &str| {
            distance(&one.chars().collect::<Vec<_>>(), &other.chars().collect::<Vec<_>>())
        };
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!((distance("", "abc"), distance("abc", ""), distance("abc", "abc")), (3, 3, 0));
    }
}
