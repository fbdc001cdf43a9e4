/** Everybody with an account: what they may do, what they have subscribed to, their tokens. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { type AdminUser, changeRights, type Role, type Tier, usersQuery } from "../../api/admin";
import { Failure } from "../../ui/failure";
import { SelectField, TextField } from "../../ui/field";
import { Moment } from "../../ui/moment";
import { Page } from "../../ui/page";
import { Paged } from "../../ui/paged";
import { Cell, Row, Table } from "../../ui/table";
import { GrantDialog } from "./grant-dialog";

const ROLES = ["viewer", "instructor", "admin"] as const satisfies Role[];
const TIERS = ["free", "subscriber", "pro", "team"] as const satisfies Tier[];

/** `/admin/users` */
export function UsersPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const [role, setRole] = useState<Role | null>(null);
  const users = useInfiniteQuery(usersQuery(useDeferredValue(search.trim()), role));
  const head = ["name", "role", "tier", "since", "tokens"] as const;
  return (
    <Page title={t("admin.pages.users")} lead={t("admin.users.lead")}>
      <search className="mb-4 grid gap-3 sm:grid-cols-[1fr_14rem]">
        <TextField
          type="search"
          label={t("admin.users.search")}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <SelectField
          label={t("account.role")}
          value={role ?? ""}
          onChange={(event) => setRole(ROLES.find((one) => one === event.target.value) ?? null)}
        >
          <option value="">{t("studio.all")}</option>
          {ROLES.map((one) => (
            <option key={one} value={one}>
              {t(`account.roles.${one}`)}
            </option>
          ))}
        </SelectField>
      </search>
      <Paged query={users} items={(page) => page.users} empty={t("admin.users.none")}>
        {(all) => (
          <Table caption={t("admin.pages.users")} head={head.map((name) => t(`admin.users.${name}`))}>
            {all.map((user) => (
              <UserRow key={user.id} user={user} />
            ))}
          </Table>
        )}
      </Paged>
    </Page>
  );
}

function UserRow({ user }: { user: AdminUser }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (rights: { role?: Role; tier?: Tier }) => changeRights(user.id, rights),
    onSettled: () => queries.invalidateQueries({ queryKey: ["admin", "users"] }),
  });
  return (
    <Row data-user={user.email}>
      <Cell>
        <p className="font-medium">{user.name}</p>
        <p className="text-muted">{user.email}</p>
        <Failure error={change.error} boxed />
      </Cell>
      <Cell>
        <SmallSelect
          label={t("admin.users.roleOf", { name: user.name })}
          value={user.role}
          options={ROLES.map((role) => ({ value: role, name: t(`account.roles.${role}`) }))}
          disabled={change.isPending}
          onChange={(role) => change.mutate({ role })}
        />
      </Cell>
      <Cell>
        <SmallSelect
          label={t("admin.users.tierOf", { name: user.name })}
          value={user.tier}
          options={TIERS.map((tier) => ({ value: tier, name: t(`admin.tiers.${tier}`) }))}
          disabled={change.isPending}
          onChange={(tier) => change.mutate({ tier })}
        />
      </Cell>
      <Cell>
        <Moment at={user.createdAt} />
      </Cell>
      <Cell>
        <GrantDialog user={user} />
      </Cell>
    </Row>
  );
}

interface SmallSelectProps<Value extends string> {
  label: string;
  value: Value;
  options: { value: Value; name: string }[];
  disabled: boolean;
  onChange: (value: Value) => void;
}

function SmallSelect<Value extends string>({ label, value, options, disabled, onChange }: SmallSelectProps<Value>) {
  return (
    <select
      aria-label={label}
      value={value}
      disabled={disabled}
      className="min-h-9 rounded-lg border border-edge bg-surface px-2"
      onChange={(event) => {
        const chosen = options.find((option) => option.value === event.target.value);
        if (chosen) onChange(chosen.value);
      }}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.name}
        </option>
      ))}
    </select>
  );
}
