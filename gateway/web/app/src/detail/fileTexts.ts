/** What the drawer says of customers' files; the other languages have the same shape. */
import type { Lang } from "../i18n";

const en = {
  files: "Files of the customer",
  picture: "Picture",
  document: "PDF",
  open: "Save {name}",
  coming: "On its way …",
  missing: "Has not arrived",
  unseen: "cannot be shown here",
  reasons: {
    cancelled: "Taken back by the customer",
    too_large: "Was too large",
    wrong_kind: "Was neither a picture nor a PDF",
  },
};

export type FileTexts = typeof en;

const nb: FileTexts = {
  files: "Filer fra kunden",
  picture: "Bilde",
  document: "PDF",
  open: "Lagre {name}",
  coming: "På vei …",
  missing: "Har ikke kommet fram",
  unseen: "kan ikke vises her",
  reasons: {
    cancelled: "Trukket tilbake av kunden",
    too_large: "Var for stor",
    wrong_kind: "Var verken bilde eller PDF",
  },
};

const fr: FileTexts = {
  files: "Fichiers du client",
  picture: "Photo",
  document: "PDF",
  open: "Enregistrer : {name}",
  coming: "En cours d’envoi …",
  missing: "N’est pas arrivé",
  unseen: "ne peut pas être affichée ici",
  reasons: {
    cancelled: "Retiré par le client",
    too_large: "Était trop lourd",
    wrong_kind: "N’était ni une photo ni un PDF",
  },
};

const ar: FileTexts = {
  files: "ملفات العميل",
  picture: "صورة",
  document: "PDF",
  open: "حفظ: {name}",
  coming: "في الطريق …",
  missing: "لم يصل",
  unseen: "لا يمكن عرضها هنا",
  reasons: {
    cancelled: "تراجع عنه العميل",
    too_large: "كان كبيرًا جدًا",
    wrong_kind: "لم يكن صورة ولا PDF",
  },
};

export const FILE_TEXTS: Record<Lang, FileTexts> = { nb, en, fr, ar };
