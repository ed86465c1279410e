// npm run rehearse against servers with one fault each.

import { describeFaults } from "./server/describe-faults.mjs";
import { inPeople } from "./server/faults.mjs";

describeFaults("faults of people", inPeople);
