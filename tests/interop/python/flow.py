# coding=utf-8
"""POD's own Python client, as it is on PyPI, against a platform.

Every step calls the client and judges what the client makes of the answer. The first surprise ends
the run. The platform has to be fresh, and to start from scenario.json beside this file:

- the clock stands at 1399/03/13 10:00:00;
- business 1, Shop: user id 10, token "shop", 5,000,000 rials in PODLAND_WALLET;
- business 2, Baker: user id 20, token "baker", 5,000,000 rials in PODLAND_WALLET, 1,000,000 rials
  in FOOD_GUILD, no mobile number;
- user 40, Sara: token "sara", mobile number 09120000040, 5,000,000 rials in PODLAND_WALLET;
- three utility bills, nobody's delegations, no invoices.

Not here, because this client cannot call them: payInvoiceByPos (pod-billing 1.2.0 has the method,
but no product id for it), cancelling a bill, verifyPaymentSMS, sendPaymentLinkToUser.

    python flow.py --platform http://127.0.0.1:8044/srv/sc --pay http://127.0.0.1:8044
"""
import argparse
import json
import os
import sys
import tempfile
import traceback

import requests
from pod_base import APIException
from pod_billing import PodBilling
from pod_common import PodCommon
from pod_tools import PodTools

SHOP_BUSINESS, SHOP_USER = 1, 10
BAKER_BUSINESS, BAKER_USER = 2, 20
SARA = 40

GUILD = "FOOD_GUILD"
# Only the invoices of the listing steps are in this guild, so that these see nothing else.
LIST_GUILD = "CLOTHING_GUILD"
WALLET = "PODLAND_WALLET"
TODAY, YESTERDAY, TOMORROW = "1399/03/13", "1399/03/12", "1399/03/14"
SOME_YEARS_AHEAD = "1420/12/10"
NO_SUCH_INVOICE = 999999999
# Wrong token, wrong one-time token, unknown outcome: a refusal by a rule of POD has another code.
NO_RULE = (21, 39, 227, 378, 999)
# Nobody listens there: a link is opened here, but nothing is paid through it.
BACK, CALL = "http://127.0.0.1:9/back?from=pod", "http://127.0.0.1:9/call"

LANDLINE = ("7748317800142", "1770160")
OTHER_LANDLINE = ("1117753200140", "12070160")
WATER = ("2050327604613", "1070189")


class Surprise(Exception):
    """Something is not as it should be."""


class Pod:
    """Everybody's client, and what a step leaves for the next ones."""

    def __init__(self, options, config):
        self.pay = options.pay.rstrip("/")
        # Only the shop has a key: the emulator takes calls with and without.
        self.shop = PodBilling(options.shop_token, config_path=config, sc_api_key="interop")
        self.baker = PodBilling(options.baker_token, config_path=config)
        self.sara = PodBilling(options.sara_token, config_path=config)
        self.stranger = PodBilling("nobody", config_path=config)
        self.otts = PodCommon(options.shop_token, config_path=config)
        self.otts_of_sara = PodCommon(options.sara_token, config_path=config)
        # Always in production mode: this client knows no sandbox for bills.
        self.bills = PodTools(options.shop_token, config_path=config)
        self.sara_token = options.sara_token
        self.bread = self.flour = self.cake = None
        self.bill = None


# What the steps are made of


def expect(condition, message):
    if not condition:
        raise Surprise(message)


def expect_equal(actual, expected, what):
    expect(actual == expected, "{}: {!r} instead of {!r}".format(what, actual, expected))


def envelope(client):
    # The client's last_response() hands out a method instead of the response.
    response = client.last_response()()
    expect_equal(response.status_code, 200, "HTTP status")
    return response.json()


def expect_refusal(client, call, code=None):
    """POD refuses the call, with this code if there is one."""
    try:
        result = call()
    except APIException as error:
        expect(envelope(client)["hasError"] is True, "hasError must be true")
        expect(error.message, "a refusal has a message")
        expect(error.reference_number, "a refusal has a reference number")
        if code is not None:
            expect_equal(error.error_code, code, "error code ({})".format(error.message))
        else:
            expect(error.error_code not in NO_RULE, "not by a rule: {}".format(error))
        return
    # The client raises nothing if POD gives a message without a code.
    answer = envelope(client)
    expect(answer["hasError"] is True, "no refusal, but {!r}".format(result))
    expect(answer.get("message"), "a refusal has a message")
    expect_equal(answer.get("errorCode", 0), code or 0, "error code ({})".format(answer["message"]))


def expect_done(client, result):
    """The call that the client made last returned `true`."""
    reason = envelope(client).get("message")
    expect(result is True, "{!r} instead of True ({})".format(result, reason))


def product(price, quantity=1, description="نان"):
    return {"productId": 0, "price": price, "quantity": quantity, "productDescription": description}


def issue(client, price, **fields):
    """Issues an invoice of one line without tax; returns its id."""
    fields.setdefault("preferredTaxRate", 0)
    invoice = client.issue_invoice([product(price)], GUILD, **fields)
    expect(isinstance(invoice, dict), "not issued: {}".format(envelope(client).get("message")))
    expect_equal(invoice["payableAmount"], price, "payableAmount")
    return invoice["id"]


def issue_bread(client, **fields):
    """Issues an invoice; returns whatever the client does."""
    return client.issue_invoice([product(1000)], GUILD, **fields)


def expect_state(client, invoice, **state):
    shown = client.get_invoice(invoice)
    for field, value in state.items():
        expect_equal(shown[field], value, "{} of invoice {}".format(field, invoice))
    return shown


def expect_page(url):
    answer = requests.get(url, timeout=30)
    expect_equal(answer.status_code, 200, "HTTP status of {}".format(url))
    kind = answer.headers.get("Content-Type", "")
    expect(kind.startswith("text/html"), "{} is {!r}, not HTML".format(url, kind))
    expect("<html" in answer.text.lower(), "{} has no <html>".format(url))


# One-time tokens and the envelope


def get_ott(pod):
    first, second = pod.otts.get_ott(), pod.otts.get_ott()
    expect(first and first != "None", "no token: {!r}".format(first))
    expect(first != second, "the same token twice")


def wrong_token(pod):
    expect_refusal(pod.stranger, lambda: pod.stranger.get_invoice_list(), 21)


def envelope_of_an_answer(pod):
    pod.shop.get_invoice_list()
    answer = envelope(pod.shop)
    expect(answer["hasError"] is False, "hasError must be false")
    expect_equal(answer["errorCode"], 0, "errorCode")
    expect(isinstance(answer["count"], int), "count must be a number")
    for field in ("referenceNumber", "ott"):
        text = answer[field]
        expect(isinstance(text, str) and text, "{} must be a text: {!r}".format(field, text))


def ott_of_any_answer(pod):
    pod.shop.get_invoice_list()
    issue(pod.shop, 1000, ott=envelope(pod.shop)["ott"])


def ott_is_good_once(pod):
    ott = pod.otts.get_ott()
    issue(pod.shop, 1000, ott=ott)
    expect_refusal(pod.shop, lambda: issue_bread(pod.shop, ott=ott), 39)


def made_up_ott(pod):
    made_up = "made-up"
    invoice = issue(pod.baker, 1000, userId=SHOP_USER)
    expect_refusal(pod.shop, lambda: issue_bread(pod.shop, ott=made_up), 39)
    expect_refusal(pod.shop, lambda: pod.shop.pay_invoice_by_credit(invoice, ott=made_up), 39)
    expect_refusal(
        pod.shop, lambda: pod.shop.pay_any_invoice_by_credit(invoice, WALLET, ott=made_up), 39
    )
    expect_refusal(
        pod.shop,
        lambda: pod.shop.pay_invoice_in_future(
            invoice, SOME_YEARS_AHEAD, wallet=WALLET, ott=made_up
        ),
        39,
    )
    expect_state(pod.baker, invoice, payed=False)


# Issuing


def issue_invoice(pod):
    products = [product(100, 1, "محصول اول"), product(800, 5, "محصول دوم")]
    invoice = pod.shop.issue_invoice(products, GUILD)
    expect(isinstance(invoice, dict), "not an invoice: {!r}".format(invoice))
    expect_equal(len(invoice["invoiceItemSrvs"]), 2, "number of lines")
    expect_equal(invoice["guildSrv"]["code"], GUILD, "guild")
    expect_equal(invoice["totalAmount"], 4100, "totalAmount")
    expect_equal(invoice["business"]["id"], SHOP_BUSINESS, "business")
    expect(invoice["uniqueNumber"], "no uniqueNumber")
    for state in ("payed", "closed", "canceled"):
        expect(invoice[state] is False, "{} must be false".format(state))


def issue_invoice_with_tax(pod):
    invoice = pod.shop.issue_invoice([product(6500)], GUILD, preferredTaxRate=0.09)
    expect_equal(invoice["vat"], 585, "vat")
    expect_equal(invoice["payableAmount"], 7085, "payableAmount")


def issue_a_fraction_of_a_product(pod):
    products = [product(4500, 0.1), product(1500, 1)]
    invoice = pod.shop.issue_invoice(products, GUILD, preferredTaxRate=0)
    expect_equal(invoice["payableAmount"], 1950, "payableAmount")


def issue_invoice_with_all_fields(pod):
    metadata = {"name": "نان", "list": [1, 2]}
    invoice = pod.shop.issue_invoice(
        [product(1000), product(2000)], GUILD, metadata=metadata, **all_fields("ALL-1", False)
    )
    expect_equal(invoice["billNumber"], "ALL-1", "billNumber")
    expect_equal(invoice["userSrv"]["id"], SARA, "user")
    expect_equal(invoice["description"], "فاکتور کامل", "description")
    expect_equal(invoice["vat"], 270, "vat")
    expect_equal(json.loads(invoice["metadata"]), metadata, "metadata")
    expect(invoice["verificationNeeded"] is True, "verificationNeeded must be true")


def preview_an_invoice(pod):
    invoice = pod.shop.issue_invoice([product(1000)], GUILD, **all_fields("PREVIEW-1", True))
    expect_equal(len(invoice["invoiceItemSrvs"]), 1, "number of lines")
    expect_equal(invoice["userSrv"]["id"], SARA, "user")
    expect_equal(pod.shop.get_invoice_list("PREVIEW-1"), [], "invoices with the preview's number")


def all_fields(bill_number, preview):
    return {
        "redirectURL": "http://www.example.com/back?a=1&b=2",
        "userId": SARA,
        "billNumber": bill_number,
        "description": "فاکتور کامل",
        "deadline": "1420/12/05",
        "currencyCode": "IRR",
        "preferredTaxRate": 0.09,
        "verificationNeeded": True,
        "verifyAfterTimeout": True,
        "preview": preview,
        "safe": True,
        "postVoucherEnabled": True,
        "closeTimeOut": 600,
        "cellphoneNumber": "09120000040",
        "hasEvent": True,
        "eventTitle": "رویداد",
        "eventTimeZone": "Asia/Tehran",
        "eventDescription": "توضیحات رویداد",
        "eventMetadata": {"name": "event"},
        "eventReminders": [
            {"id": 1, "minute": 15, "alarmType": "Notification"},
            {"id": 2, "alarmTime": 1578472427000, "alarmType": "Email"},
        ],
    }


def no_invoice_for_oneself(pod):
    expect_refusal(pod.shop, lambda: issue_bread(pod.shop, userId=SHOP_USER))


# Listing


def issue_three_to_list(pod):
    pod.bread = issue_to_list(pod, billNumber="LIST-1", description="نان سنگک")
    pod.flour = issue_to_list(pod, userId=SARA)
    pod.cake = issue_to_list(pod, userId=SARA)
    expect_done(pod.shop, pod.shop.cancel_invoice(pod.flour))
    expect_done(pod.sara, pod.sara.pay_invoice_by_credit(pod.cake))
    expect_done(pod.shop, pod.shop.close_invoice(pod.cake))


def issue_to_list(pod, **fields):
    return pod.shop.issue_invoice([product(1000)], LIST_GUILD, preferredTaxRate=0, **fields)["id"]


def expect_list(pod, expected, **filters):
    filters.setdefault("guildCode", LIST_GUILD)
    found = [invoice["id"] for invoice in pod.shop.get_invoice_list(**filters)]
    expect_equal(found, expected, "invoices for {}".format(filters))


def list_newest_first(pod):
    expect_list(pod, [pod.cake, pod.flour, pod.bread])
    expect_equal(pod.shop.total_items(), 3, "count")


def list_by_page(pod):
    expect_list(pod, [pod.cake, pod.flour], page=1, size=2)
    expect_equal(pod.shop.total_items(), 3, "count")
    expect_list(pod, [pod.bread], page=2, size=2)
    expect_equal(pod.shop.total_items(), 3, "count")


def list_by_first_id(pod):
    expect_list(pod, [pod.flour, pod.cake], firstId=pod.flour)
    expect_list(pod, [pod.bread, pod.flour, pod.cake], firstId=0)


def list_by_last_id(pod):
    expect_list(pod, [pod.flour, pod.bread], lastId=pod.flour)
    expect_list(pod, [], lastId=0)


def list_by_id(pod):
    expect_list(pod, [pod.bread], id=pod.bread)


def list_by_bill_number(pod):
    expect_list(pod, [pod.bread], bill_number="LIST-1")


def list_by_unique_number(pod):
    unique_number = pod.shop.get_invoice(pod.bread)["uniqueNumber"]
    expect_list(pod, [pod.bread], uniqueNumber=unique_number)


def list_by_tracker_id(pod):
    expect_list(pod, [], trackerId=999999999)


def list_by_day(pod):
    everything = [pod.cake, pod.flour, pod.bread]
    expect_list(pod, everything, from_date=TODAY, to_date=TODAY)
    expect_list(pod, everything, from_date="1399/3/13", to_date="1399/3/13")
    expect_list(pod, [], from_date=TOMORROW)
    expect_list(pod, [], to_date=YESTERDAY)


def list_by_time(pod):
    morning, evening = TODAY + " 06:00:00", TODAY + " 20:00:00"
    expect_list(pod, [pod.cake, pod.flour, pod.bread], from_date=morning, to_date=evening)
    expect_list(pod, [], from_date=evening)
    expect_list(pod, [], to_date=morning)


def list_canceled(pod):
    expect_list(pod, [pod.flour], isCanceled=True)
    expect_list(pod, [pod.cake, pod.bread], isCanceled=False)


def list_payed(pod):
    expect_list(pod, [pod.cake], isPayed=True)
    expect_list(pod, [pod.flour, pod.bread], isPayed=False)


def list_closed(pod):
    expect_list(pod, [pod.cake], isClosed=True)
    expect_list(pod, [pod.flour, pod.bread], isClosed=False)


def list_waiting(pod):
    expect_list(pod, [], isWaiting=True)
    expect_list(pod, [pod.cake, pod.flour, pod.bread], isWaiting=False)


def list_by_guild(pod):
    expect_list(pod, [], guildCode="NO_SUCH_GUILD")


def list_by_reference_number(pod):
    reference = pod.shop.get_invoice(pod.cake)["referenceNumber"]
    expect(isinstance(reference, str) and reference, "referenceNumber must be a text")
    expect_list(pod, [pod.cake], referenceNumber=reference)


def list_by_user(pod):
    expect_list(pod, [pod.cake, pod.flour], userId=SARA)
    expect_list(pod, [], userId=BAKER_USER)


def list_by_issuer(pod):
    # POD's documents do not say whether an issuer is a user or a business: both ids are given.
    expect_list(pod, [pod.cake, pod.flour, pod.bread], issuerId=[SHOP_BUSINESS, SHOP_USER])
    expect_list(pod, [], issuerId=[BAKER_BUSINESS, BAKER_USER])


def list_by_query(pod):
    expect_list(pod, [pod.bread], query="سنگک")


def list_by_product(pod):
    expect_list(pod, [pod.cake, pod.flour, pod.bread], productIdList=[0, 987654])
    expect_list(pod, [], productIdList=[987654])


def list_by_everything(pod):
    expect_list(
        pod,
        [],
        page=1,
        size=10,
        id=NO_SUCH_INVOICE,
        billNumber="12345",
        uniqueNumber="123456",
        trackerId=11,
        fromDate="1398/01/01 00:00:00",
        toDate="1398/12/29 00:00:00",
        isCanceled=True,
        isPayed=True,
        isClosed=True,
        isWaiting=True,
        referenceNumber="put reference number",
        userId=SARA,
        issuerId=[12121],
        query="web",
        productIdList=[0],
    )


def list_what_was_issued_for_one(pod):
    found = pod.sara.get_invoice_list(guildCode=LIST_GUILD)
    expect_equal([invoice["id"] for invoice in found], [pod.cake, pod.flour], "Sara's invoices")


# Paying by credit


def pay_own_invoice_by_credit(pod):
    invoice = issue(pod.shop, 10000, userId=SARA)
    expect_done(pod.sara, pod.sara.pay_invoice_by_credit(invoice))
    expect_state(pod.shop, invoice, payed=True)


def pay_own_invoice_twice(pod):
    invoice = issue(pod.shop, 10000, userId=SARA)
    expect_done(pod.sara, pod.sara.pay_invoice_by_credit(invoice))
    expect_refusal(pod.sara, lambda: pod.sara.pay_invoice_by_credit(invoice), 24)


def pay_own_invoice_that_is_not_ones_own(pod):
    invoice = issue(pod.shop, 10000, userId=SARA)
    expect_refusal(pod.baker, lambda: pod.baker.pay_invoice_by_credit(invoice))
    expect_state(pod.shop, invoice, payed=False)


def pay_more_than_the_wallet_holds(pod):
    invoice = issue(pod.shop, 9000000, userId=SARA)
    expect_refusal(pod.sara, lambda: pod.sara.pay_invoice_by_credit(invoice))
    expect_state(pod.shop, invoice, payed=False)


def pay_any_invoice_of_nobody(pod):
    invoice = issue(pod.shop, 10000)
    expect_done(pod.baker, pod.baker.pay_any_invoice_by_credit(invoice, WALLET))
    expect_state(pod.shop, invoice, payed=True, wallet=WALLET)


def pay_any_invoice_of_somebody_else(pod):
    invoice = issue(pod.shop, 10000, userId=SARA)
    expect_done(pod.baker, pod.baker.pay_any_invoice_by_credit(invoice, WALLET))
    expect_state(pod.shop, invoice, payed=True)


def pay_any_invoice_that_one_issued(pod):
    invoice = issue(pod.shop, 10000)
    expect_done(pod.shop, pod.shop.pay_any_invoice_by_credit(invoice, WALLET))
    expect_state(pod.shop, invoice, payed=True)


def pay_any_invoice_twice(pod):
    invoice = issue(pod.shop, 10000)
    expect_done(pod.sara, pod.sara.pay_any_invoice_by_credit(invoice, WALLET))
    expect_refusal(pod.sara, lambda: pod.sara.pay_any_invoice_by_credit(invoice, WALLET), 24)


def pay_any_invoice_without_a_wallet(pod):
    invoice = issue(pod.shop, 10000)
    expect_refusal(pod.sara, lambda: pod.sara.pay_any_invoice_by_credit(invoice, ""), 193)


def pay_any_invoice_with_a_used_ott(pod):
    first, second = issue(pod.shop, 10000), issue(pod.shop, 10000)
    ott = pod.otts_of_sara.get_ott()
    expect_done(pod.sara, pod.sara.pay_any_invoice_by_credit(first, WALLET, ott=ott))
    expect_refusal(
        pod.sara, lambda: pod.sara.pay_any_invoice_by_credit(second, WALLET, ott=ott), 39
    )
    expect_state(pod.shop, second, payed=False)


def pay_any_invoice_by_delegation_only(pod):
    invoice = issue(pod.shop, 10000)
    expect_refusal(
        pod.baker,
        lambda: pod.baker.pay_any_invoice_by_credit(
            invoice, WALLET, delegatorId=[SARA], forceDelegation="true"
        ),
    )
    expect_state(pod.shop, invoice, payed=False)


def pay_any_invoice_by_delegation_or_wallet(pod):
    invoice = issue(pod.shop, 10000)
    paid = pod.baker.pay_any_invoice_by_credit(
        invoice,
        WALLET,
        delegatorId=[SARA, SHOP_USER],
        delegationHash=["no-such-credit", "nor-this"],
        forceDelegation="false",
    )
    expect_done(pod.baker, paid)
    expect_state(pod.shop, invoice, payed=True)


def pay_an_invoice_that_is_not_there(pod):
    expect_refusal(
        pod.sara, lambda: pod.sara.pay_any_invoice_by_credit(NO_SUCH_INVOICE, WALLET)
    )


# Paid outside POD


def mark_as_paid_outside(pod):
    invoice = issue(pod.shop, 10000, userId=SARA)
    expect_done(pod.shop, pod.shop.pay_invoice(invoice))
    expect_state(pod.shop, invoice, payed=True)


def mark_as_paid_outside_twice(pod):
    invoice = issue(pod.shop, 10000)
    expect_done(pod.shop, pod.shop.pay_invoice(invoice))
    expect_refusal(pod.shop, lambda: pod.shop.pay_invoice(invoice), 24)


def mark_as_paid_outside_what_others_issued(pod):
    invoice = issue(pod.shop, 10000, userId=BAKER_USER)
    expect_refusal(pod.baker, lambda: pod.baker.pay_invoice(invoice))
    expect_state(pod.shop, invoice, payed=False)


# Netting: the shop pays the baker's invoice out of an invoice of its own


def creditor_and_debtor(pod, credit=30000, debt=20000, payed=True):
    creditor = issue(pod.shop, credit, userId=SARA)
    if payed:
        expect_done(pod.sara, pod.sara.pay_invoice_by_credit(creditor))
    return creditor, issue(pod.baker, debt, userId=SHOP_USER)


def pay_by_invoice(pod):
    creditor, debtor = creditor_and_debtor(pod)
    expect_done(pod.shop, pod.shop.pay_invoice_by_invoice(creditor, debtor))
    expect_state(pod.shop, creditor, payed=True, willBePaid=True)
    expect_state(pod.baker, debtor, payed=True, willBeBlocked=True)


def pay_by_invoice_twice(pod):
    creditor, debtor = creditor_and_debtor(pod, 30000, 10000)
    expect_done(pod.shop, pod.shop.pay_invoice_by_invoice(creditor, debtor))
    other = issue(pod.baker, 10000, userId=SHOP_USER)
    expect_refusal(pod.shop, lambda: pod.shop.pay_invoice_by_invoice(creditor, other))
    expect_state(pod.baker, other, payed=False)


def pay_by_invoice_that_is_not_paid(pod):
    creditor, debtor = creditor_and_debtor(pod, payed=False)
    expect_refusal(pod.shop, lambda: pod.shop.pay_invoice_by_invoice(creditor, debtor))
    expect_state(pod.baker, debtor, payed=False)


def pay_by_invoice_that_is_too_small(pod):
    creditor, debtor = creditor_and_debtor(pod, 10000, 20000)
    expect_refusal(pod.shop, lambda: pod.shop.pay_invoice_by_invoice(creditor, debtor))
    expect_state(pod.baker, debtor, payed=False)


def pay_by_invoice_with_sides_swapped(pod):
    creditor, debtor = creditor_and_debtor(pod)
    expect_refusal(pod.shop, lambda: pod.shop.pay_invoice_by_invoice(debtor, creditor))
    expect_refusal(pod.baker, lambda: pod.baker.pay_invoice_by_invoice(creditor, debtor))
    expect_state(pod.baker, debtor, payed=False)


def pay_by_invoice_that_is_not_there(pod):
    debtor = issue(pod.baker, 20000, userId=SHOP_USER)
    expect_refusal(
        pod.shop, lambda: pod.shop.pay_invoice_by_invoice(NO_SUCH_INVOICE, debtor), 4
    )


# Paying in future


def pay_in_future_by_wallet(pod):
    invoice = issue(pod.baker, 10000, userId=SHOP_USER)
    done = pod.shop.pay_invoice_in_future(invoice, SOME_YEARS_AHEAD, wallet=WALLET)
    expect_done(pod.shop, done)
    shown = expect_state(pod.baker, invoice, payed=False)
    expect(shown["willBePaidAt"] > 0, "willBePaidAt must be set")


def pay_in_future_by_guild(pod):
    invoice = issue(pod.shop, 10000, userId=BAKER_USER)
    done = pod.baker.pay_invoice_in_future(invoice, SOME_YEARS_AHEAD, guild_code=GUILD)
    expect_done(pod.baker, done)
    expect_state(pod.shop, invoice, payed=False)


def pay_in_future_more_than_the_guild_holds(pod):
    invoice = issue(pod.shop, 2000000, userId=BAKER_USER)
    expect_refusal(
        pod.baker,
        lambda: pod.baker.pay_invoice_in_future(invoice, SOME_YEARS_AHEAD, guild_code=GUILD),
    )


def pay_in_future_what_is_for_somebody_else(pod):
    invoice = issue(pod.shop, 10000, userId=SARA)
    expect_refusal(
        pod.baker,
        lambda: pod.baker.pay_invoice_in_future(invoice, SOME_YEARS_AHEAD, wallet=WALLET),
        99,
    )


def pay_in_future_and_otherwise(pod):
    invoice = issue(pod.baker, 10000, userId=SHOP_USER)
    register = lambda: pod.shop.pay_invoice_in_future(invoice, SOME_YEARS_AHEAD, wallet=WALLET)
    expect_done(pod.shop, register())
    expect_refusal(pod.shop, register)
    expect_refusal(pod.shop, lambda: pod.shop.pay_invoice_by_credit(invoice))
    expect_refusal(pod.sara, lambda: pod.sara.pay_any_invoice_by_credit(invoice, WALLET))
    expect_state(pod.baker, invoice, payed=False)


def cancel_what_is_paid_in_future(pod):
    invoice = issue(pod.baker, 10000, userId=SHOP_USER)
    done = pod.shop.pay_invoice_in_future(invoice, SOME_YEARS_AHEAD, wallet=WALLET)
    expect_done(pod.shop, done)
    expect_refusal(pod.shop, lambda: pod.shop.cancel_invoice(invoice))
    expect_done(pod.baker, pod.baker.cancel_invoice(invoice))
    expect_state(pod.baker, invoice, canceled=True, payed=False)


# SMS


def send_payment_sms(pod):
    invoice = issue(pod.shop, 10000, userId=SARA)
    expect_done(pod.shop, pod.shop.send_invoice_payment_sms(invoice))
    expect_state(pod.shop, invoice, payed=False)


def send_payment_sms_of_each_kind(pod):
    invoice = issue(pod.shop, 10000, userId=SARA)
    for kind in (1, 2, 3):
        sent = pod.shop.send_invoice_payment_sms(invoice, smsContentType=kind)
        expect_done(pod.shop, sent)


def send_payment_sms_with_all_fields(pod):
    invoice = issue(pod.shop, 10000, userId=SARA)
    # As in the client's own test. Whether delegated credit suffices shows when the code is used.
    sent = pod.shop.send_invoice_payment_sms(
        invoice,
        wallet=WALLET,
        callbackUri=CALL,
        redirectUri=BACK,
        delegationId=[],
        forceDelegation=True,
    )
    expect_done(pod.shop, sent)


def send_payment_sms_to_nobody(pod):
    for_nobody = issue(pod.shop, 10000)
    without_mobile = issue(pod.shop, 10000, userId=BAKER_USER)
    expect_refusal(pod.shop, lambda: pod.shop.send_invoice_payment_sms(for_nobody))
    expect_refusal(pod.shop, lambda: pod.shop.send_invoice_payment_sms(without_mobile))


def send_payment_sms_for_what_is_over(pod):
    paid = issue(pod.shop, 10000, userId=SARA)
    expect_done(pod.shop, pod.shop.pay_invoice(paid))
    expect_refusal(pod.shop, lambda: pod.shop.send_invoice_payment_sms(paid), 24)
    canceled = issue(pod.shop, 10000, userId=SARA)
    expect_done(pod.shop, pod.shop.cancel_invoice(canceled))
    expect_refusal(pod.shop, lambda: pod.shop.send_invoice_payment_sms(canceled), 32)


# Links. Above 10,000 rials, so that a card may pay


def open_wallet_link(pod):
    invoice = issue(pod.shop, 20000, userId=SARA)
    link = pod.shop.get_pay_invoice_by_wallet_link(invoice, BACK, CALL)
    start = "{}/v1/pbc/payinvoice/?invoiceId={}&tokenIssuer=1&".format(pod.pay, invoice)
    expect(link.startswith(start), "unexpected link {}".format(link))
    expect_page(link)
    expect_page(pod.shop.get_pay_invoice_by_wallet_link(invoice))


def open_unique_number_link(pod):
    invoice = pod.shop.get_invoice(issue(pod.shop, 20000))
    number = invoice["uniqueNumber"]
    link = pod.shop.get_pay_invoice_by_unique_number_link(number, BACK, CALL)
    start = "{}/v1/pbc/payInvoiceByUniqueNumber/?uniqueNumber={}&gateway=PEP&".format(
        pod.pay, number
    )
    expect(link.startswith(start), "unexpected link {}".format(link))
    expect_page(link)


def open_unique_number_link_without_gateway(pod):
    number = pod.shop.get_invoice(issue(pod.shop, 20000))["uniqueNumber"]
    expect_page(pod.shop.get_pay_invoice_by_unique_number_link(number, BACK, gateway=""))


def open_payment_link(pod):
    # This client asks for no link: it reads the invoice, and builds the link by unique number.
    invoice = issue(pod.shop, 20000, userId=SARA)
    link = pod.shop.get_invoice_payment_link(invoice, BACK, CALL)
    expect(pod.shop.get_invoice(invoice)["uniqueNumber"] in link, "unexpected link " + link)
    expect_page(link)


# Verifying and closing


def pay_to_be_verified(pod, **fields):
    invoice = issue(pod.shop, 10000, userId=SARA, verificationNeeded=True, **fields)
    expect_done(pod.sara, pod.sara.pay_invoice_by_credit(invoice))
    return invoice


def verify(pod):
    invoice = pay_to_be_verified(pod)
    expect_refusal(pod.sara, lambda: pod.sara.pay_invoice_by_credit(invoice), 58)
    verified = pod.shop.verify_invoice(invoice)
    expect_equal(verified["id"], invoice, "verified invoice")
    expect_state(pod.shop, invoice, payed=True, closed=False)


def verify_by_bill_number(pod):
    invoice = pay_to_be_verified(pod, billNumber="VERIFY-1")
    verified = pod.shop.verify_invoice_by_bill_number("VERIFY-1")
    expect_equal(verified["id"], invoice, "verified invoice")
    expect_state(pod.shop, invoice, payed=True)


def verify_twice(pod):
    invoice = pay_to_be_verified(pod)
    pod.shop.verify_invoice(invoice)
    expect_refusal(pod.shop, lambda: pod.shop.verify_invoice(invoice), 59)


def verify_what_does_not_wait(pod):
    invoice = issue(pod.shop, 10000)
    expect_refusal(pod.shop, lambda: pod.shop.verify_invoice(invoice), 59)


def verify_an_unknown_bill_number(pod):
    expect_refusal(pod.shop, lambda: pod.shop.verify_invoice_by_bill_number("NO-SUCH"), 4)


def verify_and_close(pod):
    invoice = pay_to_be_verified(pod)
    closed = pod.shop.verify_and_close_invoice(invoice)
    expect_equal(closed["id"], invoice, "closed invoice")
    expect_state(pod.shop, invoice, payed=True, closed=True)


def verify_and_close_what_is_not_there(pod):
    expect_refusal(
        pod.shop, lambda: pod.shop.verify_and_close_invoice(NO_SUCH_INVOICE), 4
    )


def close(pod):
    invoice = issue(pod.shop, 10000)
    expect_done(pod.shop, pod.shop.pay_invoice(invoice))
    expect_done(pod.shop, pod.shop.close_invoice(invoice))
    expect_state(pod.shop, invoice, payed=True, closed=True)


def close_twice(pod):
    invoice = issue(pod.shop, 10000)
    expect_done(pod.shop, pod.shop.pay_invoice(invoice))
    expect_done(pod.shop, pod.shop.close_invoice(invoice))
    expect_refusal(pod.shop, lambda: pod.shop.close_invoice(invoice), 45)


def close_what_is_not_paid(pod):
    invoice = issue(pod.shop, 10000)
    expect_refusal(pod.shop, lambda: pod.shop.close_invoice(invoice))
    expect_state(pod.shop, invoice, closed=False)


# Cancelling and reducing


def canceled_invoice(pod):
    invoice = issue(pod.shop, 10000)
    expect_done(pod.shop, pod.shop.cancel_invoice(invoice))
    return invoice


def cancel(pod):
    expect_state(pod.shop, canceled_invoice(pod), canceled=True, payed=False)


def cancel_twice(pod):
    invoice = canceled_invoice(pod)
    expect_refusal(pod.shop, lambda: pod.shop.cancel_invoice(invoice), 32)


def cancel_what_others_issued(pod):
    invoice = issue(pod.shop, 10000)
    expect_refusal(pod.baker, lambda: pod.baker.cancel_invoice(invoice))
    expect_state(pod.shop, invoice, canceled=False)


def pay_what_is_canceled(pod):
    invoice = canceled_invoice(pod)
    expect_refusal(pod.sara, lambda: pod.sara.pay_any_invoice_by_credit(invoice, WALLET), 32)


def reduced(line, price, quantity=1):
    return {
        "invoiceItemId": line,
        "price": price,
        "quantity": quantity,
        "itemDescription": "کاهش یافت",
    }


def reduce(pod):
    products = [product(1000, 1), product(8000, 5)]
    invoice = pod.shop.issue_invoice(products, GUILD, preferredTaxRate=0.09)
    expect_equal(invoice["payableAmount"], 44690, "payableAmount before")
    first, second = [line["id"] for line in invoice["invoiceItemSrvs"]]
    result = pod.shop.reduce_invoice(
        invoice["id"], [reduced(first, 800), reduced(second, 8000)], 0.09
    )
    expect_equal(result["totalAmount"], 8800, "totalAmount")
    expect_equal(result["vat"], 792, "vat")
    expect_equal(result["payableAmount"], 9592, "payableAmount")


def reduce_what_is_canceled(pod):
    invoice = canceled_invoice(pod)
    line = pod.shop.get_invoice(invoice)["invoiceItemSrvs"][0]["id"]
    expect_refusal(
        pod.shop, lambda: pod.shop.reduce_invoice(invoice, [reduced(line, 5000)], 0), 32
    )


def reduce_what_is_not_there(pod):
    expect_refusal(
        pod.shop, lambda: pod.shop.reduce_invoice(NO_SUCH_INVOICE, [reduced(1, 5000)], 0), 4
    )


# Utility bills


def pay_bill(pod):
    pod.bill = pod.bills.pay_bill(*LANDLINE, access_token=pod.sara_token)
    expect_equal((pod.bill["billId"], pod.bill["paymentId"]), LANDLINE, "identifiers")
    expect_equal(pod.bill["price"], 17000, "price")
    expect_equal(pod.bill["status"], "SERVICE_BILL_ACCEPTED", "status")
    for field in ("id", "invoiceId", "referenceNumber"):
        expect(isinstance(pod.bill[field], int), "{} must be a number".format(field))


def pay_bill_as_a_business(pod):
    bill = pod.bills.pay_bill(*WATER)
    expect_equal(bill["price"], 10000, "price")


def pay_bill_twice(pod):
    expect_refusal(
        pod.bills, lambda: pod.bills.pay_bill(*LANDLINE, access_token=pod.sara_token), 180
    )


def pay_bill_with_a_wrong_payment_id(pod):
    expect_refusal(pod.bills, lambda: pod.bills.pay_bill("1117753200140", "1770165"), 178)


def pay_bill_with_a_wrong_bill_id(pod):
    expect_refusal(pod.bills, lambda: pod.bills.pay_bill("9100074409151", "12908199"), 179)


def expect_bills(pod, expected, **filters):
    found = pod.bills.payed_bill_list(access_token=pod.sara_token, **filters)
    pairs = [(bill["billId"], bill["paymentId"]) for bill in found]
    expect_equal(pairs, expected, "bills for {}".format(filters))


def list_bills(pod):
    pod.bills.pay_bill(*OTHER_LANDLINE, access_token=pod.sara_token)
    found = pod.bills.payed_bill_list(access_token=pod.sara_token)
    pairs = sorted((bill["billId"], bill["paymentId"]) for bill in found)
    expect_equal(pairs, sorted([LANDLINE, OTHER_LANDLINE]), "Sara's bills")
    expect_equal(pod.bills.total_items(), 2, "count")


def list_bills_as_a_business(pod):
    found = pod.bills.payed_bill_list()
    expect_equal([bill["billId"] for bill in found], [WATER[0]], "the shop's bills")


def list_bills_by_page(pod):
    pages = [
        pod.bills.payed_bill_list(page, 1, access_token=pod.sara_token) for page in (1, 2, 3)
    ]
    expect_equal([len(page) for page in pages], [1, 1, 0], "bills on the pages")
    expect(pages[0][0]["id"] != pages[1][0]["id"], "the same bill on two pages")


def list_bills_by_identifiers(pod):
    bill_id, payment_id = LANDLINE
    expect_bills(pod, [LANDLINE], billId=bill_id)
    expect_bills(pod, [LANDLINE], paymentId=payment_id)
    expect_bills(pod, [], billId=bill_id, paymentId=OTHER_LANDLINE[1])


def list_bills_by_numbers(pod):
    expect_bills(pod, [LANDLINE], id=pod.bill["id"])
    expect_bills(pod, [LANDLINE], referenceNumber=str(pod.bill["referenceNumber"]))


def list_bills_by_day(pod):
    expect_bills(pod, [LANDLINE], billId=LANDLINE[0], fromDate=TODAY, toDate=TODAY)
    expect_bills(pod, [], fromDate=TOMORROW)
    expect_bills(pod, [], toDate=YESTERDAY)


STEPS = [
    get_ott,
    wrong_token,
    envelope_of_an_answer,
    ott_of_any_answer,
    ott_is_good_once,
    made_up_ott,
    issue_invoice,
    issue_invoice_with_tax,
    issue_a_fraction_of_a_product,
    issue_invoice_with_all_fields,
    preview_an_invoice,
    no_invoice_for_oneself,
    issue_three_to_list,
    list_newest_first,
    list_by_page,
    list_by_first_id,
    list_by_last_id,
    list_by_id,
    list_by_bill_number,
    list_by_unique_number,
    list_by_tracker_id,
    list_by_day,
    list_by_time,
    list_canceled,
    list_payed,
    list_closed,
    list_waiting,
    list_by_guild,
    list_by_reference_number,
    list_by_user,
    list_by_issuer,
    list_by_query,
    list_by_product,
    list_by_everything,
    list_what_was_issued_for_one,
    pay_own_invoice_by_credit,
    pay_own_invoice_twice,
    pay_own_invoice_that_is_not_ones_own,
    pay_more_than_the_wallet_holds,
    pay_any_invoice_of_nobody,
    pay_any_invoice_of_somebody_else,
    pay_any_invoice_that_one_issued,
    pay_any_invoice_twice,
    pay_any_invoice_without_a_wallet,
    pay_any_invoice_with_a_used_ott,
    pay_any_invoice_by_delegation_only,
    pay_any_invoice_by_delegation_or_wallet,
    pay_an_invoice_that_is_not_there,
    mark_as_paid_outside,
    mark_as_paid_outside_twice,
    mark_as_paid_outside_what_others_issued,
    pay_by_invoice,
    pay_by_invoice_twice,
    pay_by_invoice_that_is_not_paid,
    pay_by_invoice_that_is_too_small,
    pay_by_invoice_with_sides_swapped,
    pay_by_invoice_that_is_not_there,
    pay_in_future_by_wallet,
    pay_in_future_by_guild,
    pay_in_future_more_than_the_guild_holds,
    pay_in_future_what_is_for_somebody_else,
    pay_in_future_and_otherwise,
    cancel_what_is_paid_in_future,
    send_payment_sms,
    send_payment_sms_of_each_kind,
    send_payment_sms_with_all_fields,
    send_payment_sms_to_nobody,
    send_payment_sms_for_what_is_over,
    open_wallet_link,
    open_unique_number_link,
    open_unique_number_link_without_gateway,
    open_payment_link,
    verify,
    verify_by_bill_number,
    verify_twice,
    verify_what_does_not_wait,
    verify_an_unknown_bill_number,
    verify_and_close,
    verify_and_close_what_is_not_there,
    close,
    close_twice,
    close_what_is_not_paid,
    cancel,
    cancel_twice,
    cancel_what_others_issued,
    pay_what_is_canceled,
    reduce,
    reduce_what_is_canceled,
    reduce_what_is_not_there,
    pay_bill,
    pay_bill_as_a_business,
    pay_bill_twice,
    pay_bill_with_a_wrong_payment_id,
    pay_bill_with_a_wrong_bill_id,
    list_bills,
    list_bills_as_a_business,
    list_bills_by_page,
    list_bills_by_identifiers,
    list_bills_by_numbers,
    list_bills_by_day,
]


def run(pod):
    """Runs all steps, or those before the first surprise; returns the exit code."""
    for passed, step in enumerate(STEPS):
        name = step.__name__.replace("_", " ")
        try:
            step(pod)
        except Exception as error:
            if not isinstance(error, (Surprise, APIException)):
                traceback.print_exc()
            what = str(error).replace("\n", "; ") or type(error).__name__
            print("not ok {}".format(name))
            print("{}: {}".format(name, what), file=sys.stderr)
            print("{} passed, 1 failed".format(passed))
            return 1
        print("ok {}".format(name), flush=True)
    print("{} passed, 0 failed".format(len(STEPS)))
    return 0


def write_config(folder, options):
    # The client takes both modes from one file: invoices in sandbox mode, bills in production mode.
    path = os.path.join(folder, "config.ini")
    with open(path, "w") as config:
        for mode in ("PRODUCTION", "SANDBOX"):
            config.write("[{}]\n".format(mode))
            config.write("base_url={}\n".format(options.platform.rstrip("/")))
            config.write("private_call_address={}\n\n".format(options.pay.rstrip("/")))
    return path


def options():
    parser = argparse.ArgumentParser(description="POD's Python client against a platform")
    for name, variable, default in (
        ("--platform", "POD_PLATFORM", None),
        ("--pay", "POD_PAY", None),
        ("--shop-token", "POD_SHOP_TOKEN", "shop"),
        ("--baker-token", "POD_BAKER_TOKEN", "baker"),
        ("--sara-token", "POD_SARA_TOKEN", "sara"),
    ):
        value = os.environ.get(variable, default)
        parser.add_argument(name, default=value, required=value is None, help="or " + variable)
    return parser.parse_args()


def main():
    # The platform is on this machine; the client would send its calls through a proxy.
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "*"
    given = options()
    with tempfile.TemporaryDirectory() as folder:
        return run(Pod(given, write_config(folder, given)))


if __name__ == "__main__":
    sys.exit(main())
