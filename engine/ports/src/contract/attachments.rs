//! Customers' files: kept once, found by their conversation alone, forgotten for good.

use forecourt_core::{
    attachment::{FileKind, MAX_BYTES},
    id::SessionId,
};

use super::{Ground, Stage};
use crate::{
    ids::Ids as _,
    store::attachments::{AttachmentKept, AttachmentRecord},
};

fn file(stage: &Stage<'_>, session: SessionId, body: Vec<u8>) -> AttachmentRecord {
    let mut sha256 = [7; 32];
    sha256[0] = body.last().copied().unwrap_or_default(); // the store compares it, and does not make it
    AttachmentRecord {
        id: stage.ids.attachment(),
        session,
        kind: FileKind::Jpeg,
        sha256,
        body,
        created_at: stage.now,
    }
}

pub async fn a_file_is_kept_once_and_other_bytes_under_its_id_are_refused(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let talk = stage.chat("Hei").await.id;
    let one = file(&stage, talk, vec![0xFF, 0xD8, 0xFF, 0]);
    let put = async |file: &AttachmentRecord| {
        stage.store.put_attachment(stage.tenant, file).await.expect("a write")
    };
    assert_eq!(put(&one).await, AttachmentKept::Kept);
    assert_eq!(put(&one).await, AttachmentKept::Kept, "the same again");
    let found = stage.other.find_attachment(stage.tenant, talk, one.id).await.expect("a read");
    assert_eq!(found.as_ref(), Some(&one));
    let other = AttachmentRecord { id: one.id, ..file(&stage, talk, vec![0xFF, 0xD8, 0xFF, 1]) };
    assert_eq!(put(&other).await, AttachmentKept::Another);
    let again = stage.other.find_attachment(stage.tenant, talk, one.id).await.expect("a read");
    assert_eq!(again, found, "as it came first");

    let full = usize::try_from(MAX_BYTES).expect("it fits");
    let largest = file(&stage, talk, vec![1; full]);
    assert_eq!(put(&largest).await, AttachmentKept::Kept);
    let read = stage.other.find_attachment(stage.tenant, talk, largest.id).await.expect("a read");
    assert_eq!(read.map(|file| file.body.len()), Some(full));
    for body in [vec![], vec![1; full + 1]] {
        let refused = stage.store.put_attachment(stage.tenant, &file(&stage, talk, body)).await;
        assert!(refused.is_err(), "the bounds of the store");
    }
}

pub async fn a_file_belongs_to_its_conversation_and_is_forgotten_for_good(ground: &dyn Ground) {
    let stage = Stage::set(ground).await;
    let (talk, second) = (stage.chat("Hei").await.id, stage.chat("Hallo").await.id);
    let one = file(&stage, talk, vec![0xFF, 0xD8, 0xFF, 0]);
    stage.store.put_attachment(stage.tenant, &one).await.expect("a write");
    let theirs = AttachmentRecord { session: second, ..one.clone() };
    let moved = stage.store.put_attachment(stage.tenant, &theirs).await.expect("a write");
    assert_eq!(moved, AttachmentKept::Another, "it does not change its conversation");
    let read = async |tenant, session| {
        stage.other.find_attachment(tenant, session, one.id).await.expect("a read")
    };
    assert_eq!(read(stage.tenant, second).await, None);
    let other = stage.set_another("annen-bil").await;
    assert_eq!(read(other.tenant, talk).await, None, "A8");
    let unknown = file(&other, talk, vec![1]);
    let refused = other.store.put_attachment(other.tenant, &unknown).await;
    assert!(refused.is_err(), "A8: no conversation of theirs");
    let delete = async |tenant, session| {
        stage.store.delete_attachment(tenant, session, one.id).await.expect("a write")
    };
    assert!(!delete(other.tenant, talk).await, "A8");
    assert!(!delete(stage.tenant, second).await);
    assert!(read(stage.tenant, talk).await.is_some());
    assert!(delete(stage.tenant, talk).await);
    assert!(!delete(stage.tenant, talk).await);
    assert_eq!(read(stage.tenant, talk).await, None);
}
