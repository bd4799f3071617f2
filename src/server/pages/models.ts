/** A model that clients may ask for. */
export interface ServedModel {
  readonly id: string;
  /** Who serves it. */
  readonly ownedBy: string;
}

/** Seconds since 1970: 2026-01-01. Nothing here knows better, and no member may be null. */
const created = 1_767_225_600;

/** The list that clients of both families read. */
export function modelList(models: readonly ServedModel[]): string {
  const data = models.map(describe);
  const first_id = models[0]?.id ?? "";
  const last_id = models.at(-1)?.id ?? "";
  return JSON.stringify({ object: "list", data, has_more: false, first_id, last_id });
}

export function modelDescription(model: ServedModel): string {
  return JSON.stringify(describe(model));
}

function describe({ id, ownedBy }: ServedModel): object {
  const created_at = new Date(created * 1000).toISOString();
  return { id, object: "model", created, owned_by: ownedBy, type: "model", display_name: id, created_at };
}
