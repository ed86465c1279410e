// npm run rehearse against servers with one fault each.

import { describeFaults } from "./server/describe-faults.mjs";
import { inLists } from "./server/faults.mjs";

describeFaults("faults of filters and lists", inLists);
