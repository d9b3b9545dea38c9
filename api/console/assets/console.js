// What a page does that a form and a link cannot: it works without, too.
"use strict";
