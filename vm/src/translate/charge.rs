//! Keeps the runs of one function: what each costs, what it falls through to, where it can trap.
//!
//! A block is a part of a run: from a place that is entered to the next. Its price rides in
//! whatever enters it, together with the price of the blocks that it falls through to, so that
//! joins and loop heads need no charge of their own. A trap gives back what of that is not
//! executed.
#![expect(
    clippy::indexing_slicing,
    reason = "block numbers are handed out here; a wrong one is a bug of ours"
)]

use super::Site;
use super::shape::CELL;

/// A place that is entered, and what follows.
#[derive(Clone, Copy)]
struct Block {
    cost: u32,
    /// The block that it falls through to, whose price it carries too.
    falls_to: Option<Number>,
    /// The block that it turned out to be.
    same_as: Option<Number>,
}

/// The number of a block.
pub(super) type Number = u32;

/// A site as far as it is known: its block, and the price of that up to the site.
struct OpenSite {
    at: usize,
    offset: u32,
    block: Number,
    spent: u32,
}

#[derive(Default)]
pub(super) struct Charges {
    blocks: Vec<Block>,
    current: Number,
    /// (byte offset of a cost field, block whose price goes there)
    fields: Vec<(usize, Number)>,
    sites: Vec<OpenSite>,
}

/// What is known when the function is complete.
pub(super) struct Settled {
    /// Price of the first run.
    pub(super) first: u32,
    /// (byte offset of a cost field, price)
    pub(super) fields: Vec<(usize, u32)>,
    pub(super) sites: Box<[Site]>,
}

impl Charges {
    pub(super) fn new_block(&mut self) -> Number {
        let number = self.blocks.len();
        self.blocks.push(Block {
            cost: 0,
            falls_to: None,
            same_as: None,
        });
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// What follows belongs to `block`.
    pub(super) fn enter(&mut self, block: Number) {
        self.current = block;
    }

    /// The current block goes on in `block` without a charge.
    pub(super) fn fall_to(&mut self, block: Number) {
        let current = self.current;
        self.block(current).falls_to = Some(block);
    }

    pub(super) fn merge(&mut self, block: Number, into: Number) {
        self.block(block).same_as = Some(into);
    }

    /// An operator of the current block.
    pub(super) fn add(&mut self, price: u32) {
        let current = self.current;
        let block = self.block(current);
        block.cost = block.cost.saturating_add(price);
    }

    pub(super) fn site(&mut self, at: usize, offset: u32) {
        let block = self.current;
        let spent = self.block(block).cost;
        self.sites.push(OpenSite {
            at,
            offset,
            block,
            spent,
        });
    }

    pub(super) fn cost_field(&mut self, position: usize, block: Number) {
        self.fields.push((position, block));
    }

    pub(super) fn settle(&mut self) -> Settled {
        let totals = self.totals();
        let total = |block: Number| totals[super::index(self.resolve(block))];
        let sites = self.sites.iter().map(|site| Site {
            cell: u32::try_from(site.at / CELL).unwrap_or(u32::MAX),
            give_back: total(site.block).saturating_sub(site.spent),
            offset: site.offset,
        });
        let mut sites: Vec<Site> = sites.collect();
        sites.sort_by_key(|site| site.cell);
        let fields = self.fields.iter().map(|(at, block)| (*at, total(*block)));
        Settled {
            first: total(0),
            fields: fields.collect(),
            sites: sites.into_boxed_slice(),
        }
    }

    /// The price of each block with those that it falls through to.
    fn totals(&self) -> Vec<u32> {
        let mut totals: Vec<Option<u32>> = vec![None; self.blocks.len()];
        let mut chain: Vec<Number> = Vec::new();
        for start in 0..self.blocks.len() {
            let mut next = u32::try_from(start).ok();
            while let Some(block) = next.filter(|block| totals[super::index(*block)].is_none()) {
                chain.push(block);
                let falls_to = self.blocks[super::index(block)].falls_to;
                next = falls_to.map(|block| self.resolve(block));
            }
            while let Some(block) = chain.pop() {
                let Block { cost, falls_to, .. } = self.blocks[super::index(block)];
                let rest = falls_to.and_then(|next| totals[super::index(self.resolve(next))]);
                totals[super::index(block)] = Some(cost.saturating_add(rest.unwrap_or(0)));
            }
        }
        totals.into_iter().map(Option::unwrap_or_default).collect()
    }

    fn resolve(&self, mut block: Number) -> Number {
        while let Some(next) = self.blocks[super::index(block)].same_as {
            block = next;
        }
        block
    }

    fn block(&mut self, number: Number) -> &mut Block {
        &mut self.blocks[super::index(number)]
    }
}
