/* Where scim2-tester's checks end otherwise than well, and why that is meant. Each of these must occur, for a reason of
   the suite's that matches `says`, and nothing else may. docs/conformance.md shows the same; it is renewed with
   npm test -- --only=conformance --write */

/** Attributes that a person always has. */
const alwaysPresent = [
  {
    type: "User",
    checks: ["check_remove_attribute"],
    attribute: "active",
    says: /did not remove attribute 'active'/,
    reason:
      "There is always a value: absent or null means unchanged. RFC 7643 section 4.1.1 leaves the meaning of " +
      "`active` to us.",
  },
  {
    type: "User",
    checks: ["check_remove_attribute"],
    attribute: "statsigOrgRole",
    says: /did not remove attribute 'statsigOrgRole'/,
    reason: "Every person has an organization role; absent or null means unchanged.",
  },
];

const membersHaveNames = {
  type: "Group",
  checks: ["check_add_attribute", "check_replace_attribute"],
  attribute: "members",
  says: new RegExp(
    String.raw`\[Members\((value='.+', ref='.+'), display=None, (type='User')\)\]\n` +
      String.raw`Returned value: \[Members\(\1, display='.+', \2\)\]$`,
  ),
  reason:
    "The suite expects members exactly as it sent them; their `display` is `readOnly`, so it is ours " +
    "(RFC 7643 section 7).",
};

const emailsStay = {
  type: "User",
  checks: ["check_remove_attribute"],
  attribute: "emails",
  says: /"emails" cannot be changed over SCIM in this organization/,
  reason:
    "Without `email_management`, mail is not changed by SCIM: refused with `mutability` " +
    "(RFC 7644 section 3.12, table 9).",
};

const namesBelongToProjects = {
  type: "Group",
  checks: [
    "object_creation",
    "object_query",
    "object_query_without_id",
    "object_query_with_attributes",
    "object_list_with_attributes",
    "search_with_attributes",
    "object_replacement",
    "object_deletion",
    "check_add_attribute",
    "check_remove_attribute",
    "check_replace_attribute",
  ],
  says: /^Project creation is not supported via SCIM/,
  reason:
    "Each begins with a group named by a UUID. Without `plain_groups` only a project's or team's roles are groups; " +
    "see the next run.",
};

/**
 * The organizations that the suite is run against: their settings and projects, the types of resources that are
 * checked, how groups are named (by a UUID if not said), and the deviations.
 */
export const configurations = [
  {
    name: "email_management and plain_groups on",
    settings: { email_management: true, plain_groups: true },
    types: ["User", "Group"],
    deviations: [...alwaysPresent, membersHaveNames],
  },
  {
    name: "Default settings",
    types: ["User", "Group"],
    deviations: [...alwaysPresent, emailsStay, namesBelongToProjects],
  },
  {
    name: "Default settings, groups named as a team's",
    projects: { Demo: [] },
    types: ["Group"],
    groupName: "Statsig-Demo-{}-Member",
    deviations: [membersHaveNames],
  },
];
