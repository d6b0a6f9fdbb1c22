"""What ties a customer to us: state, lapse, attitude, loyalty, phases, quality, churn risk.

Every rule is a pure function of plain values and the policy's ``relationship`` section.
"""
