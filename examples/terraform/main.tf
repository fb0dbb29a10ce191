# What to expect of `terraform apply` on the emulator, by the source of the provider:
#
# * Operators, operator groups, memberships and permissions are made, and a second `terraform plan` has no changes.
# * They are gone with the emulator, unless it runs with --database: then the next plan fails with a 404, until you delete
#   terraform.tfstate as well.
# * The provider warns that a new operator has the permission AccountAccess: the emulator gives it, as the live service does.
# * A value that has a `..._specified` beside it is ignored without that, and the provider reports an inconsistent result.
# * Monitors, monitor groups, alert definitions and vaults are not emulated: a 501, with the name of the operation.
# * `curl http://127.0.0.1:8080/_emulator/accounts/123456/requests` shows what the provider sent.

terraform {
  required_version = ">= 1.11" # password_wo is a write-only argument

  required_providers {
    itrs-uptrends = {
      source  = "ITRS-Group/itrs-uptrends"
      version = "~> 2.0"
    }
  }
}

variable "baseurl" {
  description = "The URL of the API. For the live service: https://api.uptrends.com/v4."
  type        = string
  default     = "http://127.0.0.1:8080/v4"
}

variable "username" {
  description = "The user name of an API user."
  type        = string
  default     = "emulator"
}

variable "password" {
  description = "The password of that API user."
  type        = string
  default     = "emulator"
  sensitive   = true
}

provider "itrs-uptrends" {
  baseurl  = var.baseurl
  username = var.username
  password = var.password
}

resource "itrs-uptrends_operator" "third" {
  full_name              = "Third Operator"
  email                  = "third@example.com"
  mobile_phone           = "+31 6 1234 5678"
  password_wo            = "correct-horse"
  password_wo_version    = 1
  is_on_duty             = true
  default_dashboard      = "UseAccountSpecifiedDashboard"
  time_zone_id           = 56
  time_zone_id_specified = true
}

resource "itrs-uptrends_operatorgroup" "on_call" {
  description = "On call at night"
}

resource "itrs-uptrends_operatorgroup_membership" "third_on_call" {
  operator_id      = itrs-uptrends_operator.third.id
  operatorgroup_id = itrs-uptrends_operatorgroup.on_call.id
}

resource "itrs-uptrends_operator_permission" "third_shares_dashboards" {
  operator_id = itrs-uptrends_operator.third.id
  permission  = "ShareDashboards"
}

output "operator" {
  description = "The GUID of the new operator."
  value       = itrs-uptrends_operator.third.id
}
