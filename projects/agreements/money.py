"""Amounts of money as people write them: parsed at the edge, kept in the currency's smallest unit."""

from decimal import Decimal, InvalidOperation

from core.errors import InvalidInput
from projects.agreements.models import Invoice


def cents(text: str) -> int:
    """Return an amount such as 1500 or 1500.00 in cents; raises InvalidInput."""
    try:
        amount = Decimal(text.strip()) * 100
    except InvalidOperation as error:
        raise InvalidInput(f"{text!r} is no amount.", "Write it as 1500 or 1500.00.") from error
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise InvalidInput(f"{text!r} is no amount with at most two decimals.", "Write it as 1500 or 1500.00.")
    return int(amount)


def in_words(invoice: Invoice) -> str:
    """Return what an invoice asks for: 1500.00 EUR."""
    return f"{Decimal(invoice.amount) / 100:.2f} {invoice.currency}"
