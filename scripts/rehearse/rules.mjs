// Where the requirements of the steps come from.

export const rfc7643 = (section) => `RFC 7643 section ${section}`;
export const rfc7644 = (section) => `RFC 7644 section ${section}`;
export const rfc9110 = (section) => `RFC 9110 section ${section}`;
export const rfc9865 = (section) => `RFC 9865 section ${section}`;

/** Okta's SPEC test, which an app must pass before it is published. */
export const oktaSpecTest = (step) => `Okta's SPEC test, step ${step}`;

export const OKTA = {
  connector: "Okta, Test Connector Configuration",
  create: "Okta, assignment of a person",
  profile: "Okta, profile push",
  password: "Okta, Sync Password",
  deactivation: "Okta, deactivation",
  reactivation: "Okta, reactivation",
  imports: "Okta, import",
  groups: "Okta, Push Groups",
};

export const ENTRA = {
  connector: "Microsoft Entra ID, Test Connection",
  create: "Microsoft Entra ID, creation of a user",
  lookup: "Microsoft Entra ID, matching of users",
  profile: "Microsoft Entra ID, update of a user",
  disable: "Microsoft Entra ID, soft deletion",
  remove: "Microsoft Entra ID, deletion",
  groups: "Microsoft Entra ID, groups",
  schemas: "Microsoft Entra ID, schema discovery",
};

export const TEAMS = "scim-edge, groups of teams";
