/*
 * The jobs, in the order in which they are done. Each is `{name, title, limit, before, size, login, walk}`: `limit` is the
 * most clicks that it may take, `before` what it took before these screens were made (some counted by hand: an import, an
 * approval, a lost card).
 */
import { OFFICE } from "./office.mjs";
import { TILL } from "./till.mjs";
import { TOUR } from "./tour.mjs";

export const JOBS = [...OFFICE, ...TILL, ...TOUR];
