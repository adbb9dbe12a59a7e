//! Tracks the metering blocks of one function: price, successor by fall-through, trap sites.
//!
//! A metering block extends from one point that control can enter to the next. Whatever enters it
//! (a branch, a call, a return) charges its price and that of the blocks to which it falls through,
//! so joins and loop heads need no charge instruction. A trap refunds the price of the operators
//! that were not executed.
#![expect(
    clippy::indexing_slicing,
    reason = "block indices are assigned here; a wrong one is a bug in this program"
)]

use super::TrapSite;
use super::layout::CELL;

/// A metering block.
#[derive(Clone, Copy)]
struct MeteringBlock {
    /// Price of its operators.
    cost: u32,
    /// The block to which it falls through, whose price is charged with its own.
    falls_to: Option<BlockIndex>,
    /// The block with which it was merged.
    same_as: Option<BlockIndex>,
    /// Its price with those of the blocks to which it falls through, once known.
    total: Option<u32>,
}

/// Index of a metering block.
pub(super) type BlockIndex = u32;

/// A trap site whose refund is not known yet.
struct OpenTrapSite {
    /// Byte offset in the code.
    at: usize,
    /// Byte offset of the operator in the module.
    offset: u32,
    block: BlockIndex,
    /// Price of the operators of the block up to this one.
    spent: u32,
}

#[derive(Default)]
pub(super) struct Charges {
    blocks: Vec<MeteringBlock>,
    current: BlockIndex,
    /// (byte offset of a cost field, block whose price it contains)
    fields: Vec<(usize, BlockIndex)>,
    sites: Vec<OpenTrapSite>,
    /// Blocks up to one whose total is known; empty between uses.
    chain: Vec<BlockIndex>,
}

impl Charges {
    /// Clears the data of the previous function.
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

    /// The code that follows belongs to `block`.
    pub(super) const fn enter(&mut self, block: BlockIndex) {
        self.current = block;
    }

    /// The current block falls through to `block`, without a charge between them.
    pub(super) fn fall_to(&mut self, block: BlockIndex) {
        let current = self.current;
        self.block(current).falls_to = Some(block);
    }

    pub(super) fn merge(&mut self, block: BlockIndex, into: BlockIndex) {
        self.block(block).same_as = Some(into);
    }

    /// Adds the price of an operator to the current block.
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

    /// Computes all totals and returns the price charged at entry of the function. Call it before
    /// [`Self::fields`] and [`Self::sites`].
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

    /// (byte offset of a cost field, price); needs [`Self::settle`].
    pub(super) fn fields(&self) -> impl Iterator<Item = (usize, u32)> {
        self.fields
            .iter()
            .map(|(at, block)| (*at, self.total(*block)))
    }

    /// The trap sites in the order of the code; needs [`Self::settle`].
    pub(super) fn sites(&self, into: &mut Vec<TrapSite>) {
        into.clear();
        into.extend(self.sites.iter().map(|site| TrapSite {
            cell: u32::try_from(site.at / CELL).unwrap_or(u32::MAX),
            refund: self.total(site.block).saturating_sub(site.spent),
            offset: site.offset,
        }));
        into.sort_by_key(|site| site.cell);
    }

    /// Price of a block with those of the blocks to which it falls through; 0 until it is known.
    fn total(&self, block: BlockIndex) -> u32 {
        self.known(self.resolve(block)).total.unwrap_or_default()
    }

    /// The block with which `block` was merged: at most one step, for only false edges are merged.
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
