/** The picture in a form. */

/** The chosen file; null where none was chosen (browsers send an empty one then). */
export function fileOf(data: FormData): File | null {
  const file = data.get("thumbnail");
  return file instanceof File && file.size > 0 ? file : null;
}
