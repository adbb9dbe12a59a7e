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

use super::TrapSite;
use super::layout::CELL;

/// A place that is entered, and what follows.
#[derive(Clone, Copy)]
struct MeteringBlock {
    cost: u32,
    /// The block that it falls through to, whose price it carries too.
    falls_to: Option<BlockIndex>,
    /// The block that it turned out to be.
    same_as: Option<BlockIndex>,
    /// Its price with those that it falls through to, once that is known.
    total: Option<u32>,
}

/// The number of a block.
pub(super) type BlockIndex = u32;

/// A site as far as it is known: its block, and the price of that up to the site.
struct OpenTrapSite {
    at: usize,
    offset: u32,
    block: BlockIndex,
    spent: u32,
}

#[derive(Default)]
pub(super) struct Charges {
    blocks: Vec<MeteringBlock>,
    current: BlockIndex,
    /// (byte offset of a cost field, block whose price goes there)
    fields: Vec<(usize, BlockIndex)>,
    sites: Vec<OpenTrapSite>,
    /// Blocks on the way to one whose total is known; empty between uses.
    chain: Vec<BlockIndex>,
}

impl Charges {
    /// Forgets the function before.
    pub(super) fn reset(&mut self) {
        self.blocks.clear();
        self.current = 0;
        self.fields.clear();
        self.sites.clear();
    }

    pub(super) fn new_block(&mut self) -> BlockIndex {
        let number = self.blocks.len();
        self.blocks.push(MeteringBlock {
            cost: 0,
            falls_to: None,
            same_as: None,
            total: None,
        });
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// What follows belongs to `block`.
    pub(super) const fn enter(&mut self, block: BlockIndex) {
        self.current = block;
    }

    /// The current block goes on in `block` without a charge.
    pub(super) fn fall_to(&mut self, block: BlockIndex) {
        let current = self.current;
        self.block(current).falls_to = Some(block);
    }

    pub(super) fn merge(&mut self, block: BlockIndex, into: BlockIndex) {
        self.block(block).same_as = Some(into);
    }

    /// An operator of the current block.
    #[inline(always)]
    pub(super) fn add(&mut self, price: u32) {
        let current = self.current;
        let block = self.block(current);
        block.cost = block.cost.saturating_add(price);
    }

    pub(super) fn site(&mut self, at: usize, offset: u32) {
        let block = self.current;
        let spent = self.block(block).cost;
        self.sites.push(OpenTrapSite {
            at,
            offset,
            block,
            spent,
        });
    }

    pub(super) fn cost_field(&mut self, position: usize, block: BlockIndex) {
        self.fields.push((position, block));
    }

    /// The price of the first run; from here on [`Self::fields`] and [`Self::sites`] are known.
    pub(super) fn settle(&mut self) -> u32 {
        for start in 0..self.blocks.len() {
            let mut next = u32::try_from(start).ok();
            while let Some(block) = next.filter(|block| self.known(*block).total.is_none()) {
                self.chain.push(block);
                let falls_to = self.known(block).falls_to;
                next = falls_to.map(|block| self.resolve(block));
            }
            while let Some(number) = self.chain.pop() {
                let MeteringBlock { cost, falls_to, .. } = self.known(number);
                let rest = falls_to.map_or(0, |next| self.total(next));
                self.block(number).total = Some(cost.saturating_add(rest));
            }
        }
        self.total(0)
    }

    /// (byte offset of a cost field, price), when settled.
    pub(super) fn fields(&self) -> impl Iterator<Item = (usize, u32)> {
        self.fields
            .iter()
            .map(|(at, block)| (*at, self.total(*block)))
    }

    /// The sites in the order of the code, when settled.
    pub(super) fn sites(&self, into: &mut Vec<TrapSite>) {
        into.clear();
        into.extend(self.sites.iter().map(|site| TrapSite {
            cell: u32::try_from(site.at / CELL).unwrap_or(u32::MAX),
            refund: self.total(site.block).saturating_sub(site.spent),
            offset: site.offset,
        }));
        into.sort_by_key(|site| site.cell);
    }

    /// The price of a block with those that it falls through to; 0 until it is known.
    fn total(&self, block: BlockIndex) -> u32 {
        self.known(self.resolve(block)).total.unwrap_or_default()
    }

    /// The block that `block` turned out to be; one step, for only false edges are merged.
    fn resolve(&self, mut block: BlockIndex) -> BlockIndex {
        while let Some(next) = self.known(block).same_as {
            block = next;
        }
        block
    }

    fn known(&self, number: BlockIndex) -> MeteringBlock {
        self.blocks[super::index(number)]
    }

    fn block(&mut self, number: BlockIndex) -> &mut MeteringBlock {
        &mut self.blocks[super::index(number)]
    }
}
