// npm run rehearse against servers with one fault each.

import { describeFaults } from "./server/describe-faults.mjs";
import { inRequests } from "./server/faults.mjs";

describeFaults("faults of requests and of what the server says about itself", inRequests);
