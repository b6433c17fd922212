"""The arithmetic of the books: what points are worth, and how their money is shared. No database, no ORM.

What it is. Models of documents (`models/account_move_*.py`, `account_payment.py`, `loyalty_accrual_run.py`) read rows,
ask this package, and write journal entries:

* :mod:`.points`: points to money (down) and money to points (up),
* :mod:`.vat_split`, :mod:`.relief`: a redemption over tax rates, and what of it a partial return takes back,
* :mod:`.returns`, :mod:`.return_terms`, :mod:`.families`: which sale a return returns, when nothing links the two,
* :mod:`.booking`: what a redemption booked, read back from its journal items,
* :mod:`.valuation`, :mod:`.write_off`: the liability of points, and points that expire,
* :mod:`.lots`: SQL of the lots of a program as they were on a day, and what they carry,
* :mod:`.combinations`: which accounting policies go together.

How to use it. 500 points worth 0.10 pay part of an invoice of 115.00 at 15 % and 210.00 free of tax:

>>> from odoo.addons.loyalty_account.books.points import points_to_money
>>> from odoo.addons.loyalty_account.books.vat_split import split
>>> split(points_to_money(500, 0.10), [115.0, 210.0])
[17.69, 32.31]
"""
