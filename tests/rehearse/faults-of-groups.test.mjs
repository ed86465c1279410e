// npm run rehearse against servers with one fault each.

import { describeFaults } from "./server/describe-faults.mjs";
import { inGroups } from "./server/faults.mjs";

describeFaults("faults of groups", inGroups);
