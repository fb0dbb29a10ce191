//! Collections of items that are found by key and listed in the order of creation.

use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

/// An item that a collection can hold.
pub trait Keyed {
    type Key: Ord + Clone + std::fmt::Debug;

    fn key(&self) -> Self::Key;
}

/// A persistent map: copying it costs nothing, and comparing two copies takes time in proportion to their differences.
#[derive(Debug, PartialEq, Eq)]
pub struct Collection<V: Keyed> {
    sequences: OrdMap<V::Key, i64>,
    items: OrdMap<i64, Arc<V>>,
}

/// One difference between two collections.
#[derive(Debug)]
pub enum Change<'a, V> {
    Gone(&'a V),
    /// New or altered. `was` is the item before, under the same key.
    Kept {
        was: Option<&'a V>,
        now: &'a V,
        sequence: i64,
    },
}

impl<V: Keyed> Clone for Collection<V> {
    fn clone(&self) -> Self {
        Self {
            sequences: self.sequences.clone(),
            items: self.items.clone(),
        }
    }
}

impl<V: Keyed> Default for Collection<V> {
    fn default() -> Self {
        Self {
            sequences: OrdMap::new(),
            items: OrdMap::new(),
        }
    }
}

impl<V: Keyed> Collection<V> {
    pub fn get(&self, key: &V::Key) -> Option<&Arc<V>> {
        self.items.get(self.sequences.get(key)?)
    }

    pub fn at(&self, sequence: i64) -> Option<&Arc<V>> {
        self.items.get(&sequence)
    }

    /// Returns the sequence number of an item, which orders the list.
    pub fn sequence_of(&self, key: &V::Key) -> Option<i64> {
        self.sequences.get(key).copied()
    }

    pub fn contains(&self, key: &V::Key) -> bool {
        self.sequences.contains_key(key)
    }

    pub fn greatest_key(&self) -> Option<&V::Key> {
        self.sequences.get_max().map(|(key, _)| key)
    }

    /// Returns all items, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<V>> {
        self.items.values()
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Replaces the item with the same key, or appends the item.
    pub fn insert(&mut self, item: impl Into<Arc<V>>) {
        let item = item.into();
        let sequence = self
            .sequences
            .get(&item.key())
            .copied()
            .unwrap_or_else(|| self.items.get_max().map_or(1, |(last, _)| last + 1));
        self.place(sequence, item);
    }

    /// Inserts an item with its own sequence number, as when it is loaded.
    pub fn place(&mut self, sequence: i64, item: impl Into<Arc<V>>) {
        let item = item.into();
        self.sequences.insert(item.key(), sequence);
        self.items.insert(sequence, item);
    }

    pub fn remove(&mut self, key: &V::Key) -> Option<Arc<V>> {
        let sequence = self.sequences.remove(key)?;
        self.items.remove(&sequence)
    }
}

impl<V: Keyed + PartialEq> Collection<V> {
    /// Returns the changes that turn `older` into `newer`. `None` counts as an empty collection.
    pub fn difference<'a>(older: Option<&'a Self>, newer: Option<&'a Self>) -> Vec<Change<'a, V>> {
        let gone = |item: &'a Arc<V>| match newer {
            Some(newer) if newer.contains(&item.key()) => None,
            _ => Some(Change::Gone(&**item)),
        };
        let kept = |sequence: &i64, item: &'a Arc<V>| Change::Kept {
            was: older
                .and_then(|older| older.get(&item.key()))
                .map(|item| &**item),
            now: &**item,
            sequence: *sequence,
        };
        let (older, newer) = match (older, newer) {
            (Some(older), Some(newer)) => (older, newer),
            (Some(older), None) => return older.items.values().filter_map(gone).collect(),
            (None, Some(newer)) => {
                return newer
                    .items
                    .iter()
                    .map(|(sequence, item)| kept(sequence, item))
                    .collect();
            }
            (None, None) => return Vec::new(),
        };
        let mut changes = Vec::new();
        for difference in older.items.diff(&newer.items) {
            match difference {
                DiffItem::Add(sequence, item) => changes.push(kept(sequence, item)),
                DiffItem::Remove(_, item) => changes.extend(gone(item)),
                DiffItem::Update {
                    old: (_, old),
                    new: (sequence, new),
                } => {
                    if old.key() != new.key() {
                        changes.extend(gone(old));
                    }
                    changes.push(kept(sequence, new));
                }
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Collection, Keyed};

    #[derive(Debug, PartialEq, Eq)]
    struct Item(&'static str, u8);

    impl Keyed for Item {
        type Key = &'static str;

        fn key(&self) -> Self::Key {
            self.0
        }
    }

    fn collection(items: &[(&'static str, u8)]) -> Collection<Item> {
        let mut collection = Collection::default();
        for (key, value) in items {
            collection.insert(Item(key, *value));
        }
        collection
    }

    fn differences(newer: &Collection<Item>, older: &Collection<Item>) -> Vec<String> {
        Collection::difference(Some(older), Some(newer))
            .iter()
            .map(|change| match change {
                Change::Gone(item) => format!("-{}", item.0),
                Change::Kept { was, now, sequence } => format!(
                    "{}{}@{sequence}",
                    if was.is_some() { "=" } else { "+" },
                    now.0
                ),
            })
            .collect()
    }

    #[test]
    fn replaced_items_keep_their_position() {
        let mut items = collection(&[("b", 1), ("a", 1), ("c", 1)]);
        items.insert(Item("a", 2));
        items.remove(&"b");
        items.insert(Item("b", 3));
        assert_eq!(
            items
                .iter()
                .map(|item| (item.0, item.1))
                .collect::<Vec<_>>(),
            [("a", 2), ("c", 1), ("b", 3)]
        );
        assert_eq!(items.get(&"a").unwrap().1, 2);
    }

    #[test]
    fn the_difference_lists_added_changed_and_removed_items() {
        let older = collection(&[("a", 1), ("b", 1), ("c", 1)]);
        let mut newer = older.clone();
        newer.insert(Item("b", 2));
        newer.remove(&"c");
        newer.insert(Item("d", 1));
        assert_eq!(differences(&newer, &older), ["=b@2", "-c", "+d@3"]);
        assert!(differences(&newer, &newer.clone()).is_empty());
        assert_eq!(Collection::difference(Some(&older), None).len(), 3);
        assert_eq!(Collection::difference(None, Some(&older)).len(), 3);
    }

    #[test]
    fn an_item_that_only_moved_is_not_gone() {
        let older = collection(&[("a", 1), ("b", 1)]);
        let newer = collection(&[("b", 1), ("a", 1)]);
        assert_eq!(differences(&newer, &older), ["=b@1", "=a@2"]);
    }
}
