//! Sorts words with quicksort and merge sort: comparisons, swaps, unpredictable branches.

const WORDS: usize = 4_096;

fn insertion(a: &mut [u32]) {
    for i in 1..a.len() {
        let value = a[i];
        let mut j = i;
        while j > 0 && a[j - 1] > value {
            a[j] = a[j - 1];
            j -= 1;
        }
        a[j] = value;
    }
}

/// Partitions at the median of three: words before the index are not greater, after it not less.
fn partition(a: &mut [u32]) -> usize {
    let last = a.len() - 1;
    let middle = last / 2;
    if a[middle] < a[0] {
        a.swap(middle, 0);
    }
    if a[last] < a[0] {
        a.swap(last, 0);
    }
    if a[last] < a[middle] {
        a.swap(last, middle);
    }
    let pivot = a[middle];
    let (mut i, mut j) = (0, last);
    loop {
        while a[i] < pivot {
            i += 1;
        }
        while a[j] > pivot {
            j -= 1;
        }
        if i >= j {
            return i;
        }
        a.swap(i, j);
        i += 1;
        j -= 1;
    }
}

fn quicksort(a: &mut [u32]) {
    if a.len() <= 16 {
        insertion(a);
        return;
    }
    let middle = partition(a);
    let (low, high) = a.split_at_mut(middle);
    quicksort(low);
    quicksort(high);
}

fn merge(from: &[u32], middle: usize, to: &mut [u32]) {
    let (mut i, mut j) = (0, middle);
    for word in to.iter_mut() {
        let left = i < middle && (j >= from.len() || from[i] <= from[j]);
        if left {
            *word = from[i];
            i += 1;
        } else {
            *word = from[j];
            j += 1;
        }
    }
}

/// Merges runs of 1, 2, 4 ... words, from one array to the other and back; WORDS is a power of 4.
fn merge_sort(a: &mut [u32; WORDS], spare: &mut [u32; WORDS]) {
    let mut width = 1;
    while width < WORDS {
        for at in (0..WORDS).step_by(2 * width) {
            merge(
                &a[at..at + 2 * width],
                width,
                &mut spare[at..at + 2 * width],
            );
        }
        width *= 2;
        for at in (0..WORDS).step_by(2 * width) {
            merge(
                &spare[at..at + 2 * width],
                width,
                &mut a[at..at + 2 * width],
            );
        }
        width *= 2;
    }
}

/// Sorts 4,096 new words `n` times with each algorithm.
#[must_use]
pub fn run(n: u32) -> u64 {
    let (mut a, mut b, mut spare) = ([0_u32; WORDS], [0_u32; WORDS], [0_u32; WORDS]);
    let (mut seed, mut fold) = (0x2545_f491_4f6c_dd1d_u64, 0_u64);
    for _ in 0..n {
        for (x, y) in a.iter_mut().zip(&mut b) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            *x = (seed >> 20) as u32;
            *y = (seed >> 31) as u32;
        }
        quicksort(&mut a);
        merge_sort(&mut b, &mut spare);
        for i in (0..WORDS).step_by(61) {
            fold = fold.rotate_left(5) ^ u64::from(a[i]) ^ (u64::from(b[i]) << 17);
        }
    }
    fold
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_sorts_agree_with_the_library() {
        let mut words = [0_u32; super::WORDS];
        let mut seed = 7_u32;
        for word in &mut words {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *word = seed >> 20;
        }
        let mut expected = words;
        expected.sort_unstable();
        let mut quick = words;
        super::quicksort(&mut quick);
        assert_eq!(quick, expected);
        super::merge_sort(&mut words, &mut [0; super::WORDS]);
        assert_eq!(words, expected);
    }
}
