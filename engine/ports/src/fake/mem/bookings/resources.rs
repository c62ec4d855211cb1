//! What can be booked: resources, what closes them, and the terms of services.

use forecourt_core::{
    booking::{Block, Resource, TakenBy, Terms, terms::places_of},
    id::{ResourceId, VehicleId},
};
use jiff::Timestamp;

use super::Data;
use crate::store::{Catalogue, ResourceWrite, ResourceWritten, StoredLedger};

impl Data {
    pub(super) fn catalogue(&self) -> Catalogue {
        let mut resources: Vec<Resource> =
            self.resources.values().map(|(resource, _)| resource.clone()).collect();
        resources.sort_by(|a, b| {
            (a.kind.as_str(), &a.name, a.id).cmp(&(b.kind.as_str(), &b.name, b.id))
        });
        let terms = self.terms.iter().filter(|terms| terms.active).cloned().collect();
        Catalogue { resources, terms }
    }

    pub(super) fn put_terms(&mut self, terms: &Terms) -> bool {
        let Some(place) = self.terms.iter_mut().find(|old| old.service == terms.service) else {
            return false;
        };
        place.clone_from(terms);
        if let Some((resource, version)) = self.resources.get_mut(&places_of(terms.service)) {
            (resource.capacity, resource.active) = (terms.capacity, terms.active);
            *version += 1;
        }
        true
    }

    pub(super) fn ledger(&self, resource: ResourceId, since: Timestamp) -> Option<StoredLedger> {
        let (found, version) = self.resources.get(&resource)?;
        let mine =
            |taken: &&TakenBy| taken.take.resource == resource && taken.take.stretch.until > since;
        Some(StoredLedger {
            version: *version,
            resource: found.clone(),
            taken: self.taken.iter().filter(mine).copied().collect(),
            blocks: self.blocks.values().filter(|b| b.resource == resource).cloned().collect(),
        })
    }

    pub(super) fn write_resource(
        &mut self,
        write: &ResourceWrite,
        knows: impl Fn(VehicleId) -> bool,
    ) -> ResourceWritten {
        let resource = match write {
            ResourceWrite::Put(resource) => {
                if resource.vehicle.is_some_and(|vehicle| !knows(vehicle)) {
                    return ResourceWritten::NotFound;
                }
                let new = || (resource.clone(), 0);
                let place = self.resources.entry(resource.id).or_insert_with(new);
                place.0 = resource.clone();
                resource.id
            }
            ResourceWrite::Block(block) => {
                if !self.resources.contains_key(&block.resource) {
                    return ResourceWritten::NotFound;
                }
                let there = self.blocks.values().filter(|b| b.resource == block.resource);
                if there.count() >= Block::MAX_PER_RESOURCE {
                    return ResourceWritten::TooMany;
                }
                self.blocks.insert(block.id, block.clone());
                block.resource
            }
            ResourceWrite::Unblock { block } => match self.blocks.remove(block) {
                Some(block) => block.resource,
                None => return ResourceWritten::NotFound,
            },
        };
        if let Some((_, version)) = self.resources.get_mut(&resource) {
            *version += 1;
        }
        ResourceWritten::Stored
    }

    pub(super) fn blocks_of(&self, resource: ResourceId) -> Option<Vec<Block>> {
        let own = self.blocks.values().filter(|block| block.resource == resource).cloned();
        self.resources.contains_key(&resource).then(|| own.collect())
    }
}
