/**
 * The files that came with a customer's message: thumbnails, rows, and why one did not come.
 *
 * Invariant: a file is only ever drawn as a picture or saved; nothing of it is opened as a page.
 */
import type { AttachmentView } from "../../../sdk/wire";
import { fill, useLocale } from "../i18n";
import { Icon } from "../icons";
import { FILE_TEXTS } from "./fileTexts";
import { isShown, isLate, sizeOf } from "./files";

interface FilesOfProps {
  session: string;
  files: AttachmentView[];
  /** When their message came. */
  at: string;
  now: number;
}

export function FilesOf({ session, files, at, now }: FilesOfProps) {
  const { lang } = useLocale();
  const t = FILE_TEXTS[lang];
  if (!files.length) return null;
  return (
    <ul className="files" aria-label={t.files}>
      {files.map((file) => {
        const name = file.kind === "pdf" ? t.document : t.picture;
        const url = `/v1/sessions/${session}/attachments/${file.attachment_id}`;
        const size = sizeOf(file.bytes, lang);
        if (file.state !== "arrived") {
          const failed = file.state === "failed" || isLate(at, now);
          const why = file.reason ? t.reasons[file.reason] : failed ? t.missing : t.coming;
          return (
            <li key={file.attachment_id} className="file" data-state={failed ? "failed" : "arriving"}>
              <Icon name={failed ? "alert" : "photo"} size={18} />
              <span>{why}</span>
            </li>
          );
        }
        return (
          <li key={file.attachment_id} className="file" data-state="arrived">
            <a href={url} download aria-label={fill(t.open, { name: `${name}, ${size}` })}>
              {isShown(file.kind) ? (
                <img src={url} alt="" loading="lazy" decoding="async" />
              ) : (
                <>
                  <Icon name={file.kind === "pdf" ? "book" : "photo"} size={18} />
                  <span>
                    {name} · {size}
                    {file.kind === "heic" && <small>{t.unseen}</small>}
                  </span>
                </>
              )}
              <Icon name="download" size={16} />
            </a>
          </li>
        );
      })}
    </ul>
  );
}
