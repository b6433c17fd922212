{
    "name": "Neighbour of the Points Ledger",
    "summary": "For tests: an add-on that knows nothing of the ledger and does to cards what others do",
    "category": "Hidden",
    "version": "19.0.1.0.0",
    "author": "Loyalty Ledger",
    "license": "LGPL-3",
    "depends": ["loyalty"],
}
