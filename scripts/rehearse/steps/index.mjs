// All steps, in the order in which they are played.

import { connection } from "./connection.mjs";
import { discovery } from "./discovery.mjs";
import { entra } from "./entra.mjs";
import { errors } from "./errors.mjs";
import { filters } from "./filters.mjs";
import { groups } from "./groups.mjs";
import { groupsByEntra } from "./groups-entra.mjs";
import { groupsByPatch } from "./groups-oin.mjs";
import { groupsByPut } from "./groups-put.mjs";
import { oktaCatalog } from "./okta-oin.mjs";
import { oktaCustom } from "./okta-put.mjs";
import { oktaSpecTest } from "./okta-spec.mjs";
import { paging } from "./paging.mjs";
import { pagingUnderChange } from "./paging-change.mjs";
import { teams } from "./teams.mjs";
import { versions } from "./versions.mjs";

const parts = [
  connection,
  discovery,
  oktaSpecTest,
  oktaCustom,
  oktaCatalog,
  entra,
  filters,
  errors,
  versions,
  groups,
  groupsByPut,
  groupsByPatch,
  groupsByEntra,
  teams,
  paging,
  pagingUnderChange,
];

/** Each `{ name, part, title, client, play }`: `name` begins with that of the part, `client` says who asks so. */
export const steps = parts.flatMap(({ part, client, steps }) =>
  Object.entries(steps).map(([name, [title, play]]) => ({ name: `${part}.${name}`, part, title, client, play })),
);
