//! Matches orders by price and time: queues as linked lists in an arena, structs, branches.

const LEVELS: usize = 128;
const ORDERS: usize = 2_048;
/// Index that means no order or no level.
const NONE: u16 = u16::MAX;

#[derive(Clone, Copy)]
struct Order {
    id: u32,
    quantity: u32,
    next: u16,
}

#[derive(Clone, Copy)]
struct Queue {
    first: u16,
    last: u16,
}

/// One side: levels before `best`, counted from the better end, are empty.
struct Side {
    queues: [Queue; LEVELS],
    best: usize,
}

struct Book {
    orders: [Order; ORDERS],
    free: u16,
    bids: Side,
    asks: Side,
    fold: u64,
}

impl Side {
    const fn new() -> Self {
        let empty = Queue {
            first: NONE,
            last: NONE,
        };
        Self {
            queues: [empty; LEVELS],
            best: LEVELS,
        }
    }

    fn append(&mut self, orders: &mut [Order; ORDERS], level: usize, order: u16) {
        let queue = &mut self.queues[level];
        if queue.first == NONE {
            queue.first = order;
        } else {
            orders[queue.last as usize].next = order;
        }
        queue.last = order;
        self.best = self.best.min(level);
    }
}

impl Book {
    fn new() -> Self {
        let mut orders = [Order {
            id: 0,
            quantity: 0,
            next: NONE,
        }; ORDERS];
        for (order, next) in orders.iter_mut().zip(1_u16..ORDERS as u16) {
            order.next = next;
        }
        Self {
            orders,
            free: 0,
            bids: Side::new(),
            asks: Side::new(),
            fold: 0,
        }
    }

    /// Fills `quantity` from the other side up to and including `worst`; returns the rest.
    #[inline(never)]
    fn fill(&mut self, buy: bool, worst: usize, mut quantity: u32) -> u32 {
        let side = if buy { &mut self.asks } else { &mut self.bids };
        while quantity > 0 && side.best <= worst {
            let queue = &mut side.queues[side.best];
            if queue.first == NONE {
                side.best += 1;
                continue;
            }
            let at = queue.first;
            let order = &mut self.orders[at as usize];
            let filled = order.quantity.min(quantity);
            order.quantity -= filled;
            quantity -= filled;
            let trade = (u64::from(order.id) << 16) ^ u64::from(filled);
            self.fold = self.fold.rotate_left(3).wrapping_add(trade);
            if order.quantity == 0 {
                queue.first = order.next;
                order.next = self.free;
                self.free = at;
            }
        }
        quantity
    }

    /// Adds an order to the book, unless the book is full.
    #[inline(never)]
    fn rest(&mut self, buy: bool, level: usize, id: u32, quantity: u32) {
        let at = self.free;
        if at == NONE {
            self.fold ^= u64::from(id);
            return;
        }
        let order = &mut self.orders[at as usize];
        self.free = order.next;
        *order = Order {
            id,
            quantity,
            next: NONE,
        };
        let side = if buy { &mut self.bids } else { &mut self.asks };
        side.append(&mut self.orders, level, at);
    }
}

/// Places `n` orders around one price; returns a checksum of all trades.
#[must_use]
pub fn run(n: u32) -> u64 {
    let mut book = Book::new();
    let mut seed = 0x0139_408d_cbbf_7a44_u64;
    for id in 0..n {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let buy = seed & 1 == 0;
        let price = 32 + (seed >> 8) as usize % 64;
        let quantity = 1 + (seed >> 24) as u32 % 50;
        // Levels of bids are counted from the highest price down, those of asks from the lowest up.
        let (own, opposite) = if buy {
            (LEVELS - 1 - price, price)
        } else {
            (price, LEVELS - 1 - price)
        };
        let left = book.fill(buy, opposite, quantity);
        if left > 0 {
            book.rest(buy, own, id, left);
        }
    }
    book.fold
}

#[cfg(test)]
mod tests {
    use super::{Book, LEVELS};

    #[test]
    fn the_older_order_of_the_better_price_is_filled_first() {
        let mut book = Book::new();
        book.rest(false, 40, 1, 5);
        book.rest(false, 39, 2, 5);
        book.rest(false, 39, 3, 5);
        assert_eq!(book.fill(true, 39, 12), 2);
        assert_eq!(book.fill(true, LEVELS - 1, 2), 0);
        let expected = [(2_u64, 5), (3, 5), (1, 2)]
            .iter()
            .fold(0_u64, |fold, (id, filled)| {
                fold.rotate_left(3).wrapping_add((id << 16) ^ filled)
            });
        assert_eq!(book.fold, expected);
    }
}
